// (placeholder until the view is built)

export const title = "video.title";

export function mount(root, app) {
  root.append(app.heading());
}
