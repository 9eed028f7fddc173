// Package job has the messages between the coordinator of a benchmark and its workers: tasks,
// results, and counters in memory that they share.
package job

// Roles of a worker.
const (
	RolePublisher  = "publisher"
	RoleSubscriber = "subscriber"
	RoleSlow       = "slow subscriber"
	RoleAside      = "subscriber aside" // as subscriber, and holds no publisher back
	RoleRecorder   = "recorder"         // in a subscriber's place
	RoleSurvivor   = "survivor"         // outlives a publisher of its own, and lacks what came
	RoleLead       = "team's publisher" // to subscribers that share its messages
	RoleMember     = "team's worker"    // one of these
	RoleMover      = "team's worker that comes and goes"
	RoleServer     = "broker"             // between them
	RoleSpiller    = "spilling publisher" // keeps the slow one's pace, on disk too
	RolePing       = "ping"               // sends, and sends again when the answer has come
	RolePong       = "pong"               // answers
	RoleBareSender = "bare sender"        // as publisher, without crier
	RoleBareReader = "bare reader"        // as subscriber
	RoleBarePing   = "bare ping"          // as ping
	RoleBarePong   = "bare pong"          // as pong
	RoleFlooder    = "flooder"            // sends datagrams as fast as it may
	RoleDrain      = "drain"              // counts datagrams
	RoleTCPSender  = "tcp publisher"      // sends to each subscriber
	RoleTCPReader  = "tcp subscriber"     // receives from the publisher
)

// Ways of waiting for messages.
const (
	WaitBlock    = "block"
	WaitAdaptive = "adaptive"
	WaitSpin     = "spin"      // subscribers and the schedule spin; publishers block
	WaitBoth     = "spin-both" // publishers spin as well
)

// Spins reports whether those that receive spin, and the schedule.
func Spins(wait string) bool { return wait == WaitSpin || wait == WaitBoth }

// Ways of handing datagrams to the kernel.
const (
	SendPlain   = "plain"    // a system call each
	SendMany    = "sendmmsg" // a system call for many
	SendOffload = "offload"  // the kernel cuts large sends
)

// Steps of a conversation: first those of the coordinator, then those of the worker.
const (
	StepTask   = "task"
	StepGo     = "go"     // begin
	StepFinish = "finish" // wait for the messages that were sent, then report
	StepEnd    = "end"    // report
	StepStop   = "stop"   // send no more
	StepLeave  = "leave"  // leave the team; ready is the answer
	StepJoin   = "join"   // join it again; ready is the answer

	StepReady  = "ready"  // everything is open, and hears all that is sent from now on
	StepSent   = "sent"   // the publisher has sent everything
	StepResult = "result" // the last one
	StepTold   = "told"   // a tenure of a worker; at any time
	StepFailed = "failed" // in place of any other
)

// Message is a line between coordinator and worker. Step decides which fields are in use.
type Message struct {
	Step   string
	Task   *Task    `json:",omitempty"`
	Ready  *Ready   `json:",omitempty"`
	Counts []uint64 `json:",omitempty"` // finish: messages, by publisher; sent: one number
	Result *Result  `json:",omitempty"`
	Tenure *Tenure  `json:",omitempty"`
	Error  string   `json:",omitempty"`
}
