// (placeholder until the view is built)

export const title = "live.title";

export function mount(root, app) {
  root.append(app.heading());
}
