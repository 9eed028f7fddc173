package job

// WorkerCommand is the name of the hidden command that runs Work.
const WorkerCommand = "bench-worker"
