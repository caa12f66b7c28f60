// Opens the camera, or says in plain words why it does not open and what to do.
//
//   const stream = await openCamera({facing: "user" | "environment"})   throws CameraProblem: {reason}
//   close(stream)

export class CameraProblem extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason; // a key under live.problems
  }
}

const REASONS = {NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing", NotReadableError: "busy", AbortError: "busy"};

export async function openCamera({facing = "user"} = {}) {
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraProblem("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({audio: false, video: {facingMode: facing, width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 30}}});
  } catch (error) {
    throw new CameraProblem(REASONS[error.name] || "failed");
  }
}

export function close(stream) {
  for (const track of stream?.getTracks() || []) track.stop();
}

export async function severalCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.filter((device) => device.kind === "videoinput").length > 1;
}
