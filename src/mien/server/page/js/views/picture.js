// (placeholder until the view is built)

export const title = "picture.title";

export function mount(root, app) {
  root.append(app.heading());
}
