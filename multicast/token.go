package multicast

// sendState says which goroutine sends. One at a time does: it takes a batch, unlocks,
// makes the system call, locks again, and goes on with what has come meanwhile.
type sendState uint8

const (
	// idle: no goroutine sends, and nothing waits. A caller that changes the machine
	// sends the result itself.
	idle sendState = iota
	// sending: a goroutine holds the token. It also sends what comes meanwhile.
	sending
	// offered: something waits, and the sender has been woken for it. Callers take the
	// token back once a batch is full or the coalescing window has closed; a goroutine
	// that reads may use it.
	offered
	// bursting: as offered, but the sender has not been woken, since callers keep
	// coming. The timer checks that they do.
	bursting
	// stuck: the socket's buffer is full, and the sender waits for room.
	stuck
)

var sendStateNames = [...]string{
	idle: "idle", sending: "sending", offered: "offered", bursting: "bursting", stuck: "stuck",
}

func (s sendState) String() string { return sendStateNames[s] }

// token is the right to send. The goroutine that holds it should be one that is running:
// a goroutine that is woken for it may wait milliseconds for a processor. So the token is
// never handed over. It is offered, and until the sender has come for it, any goroutine
// that comes by may take it.
//
// These are all the transitions:
//
//	take    idle, offered, bursting -> sending
//	release sending -> idle, or bursting if something may gather
//	open    idle, sending, bursting -> bursting, with a new coalescing window
//	offer   bursting -> offered
//	stall   sending -> stuck
//	resume  stuck -> offered
//
// The Loop's lock guards it.
type token struct {
	state sendState
	// passed reports that a caller came by while the token was held.
	passed bool

	// begun reports that the machine's last batch has not been sent whole, and batch is
	// what is left of it.
	begun bool
	batch Datagrams
}

// waiting reports whether something waits for the first goroutine to come by.
func (t *token) waiting() bool { return t.state == offered || t.state == bursting }

// take gives the token to the calling goroutine.
func (t *token) take() { t.state = sending }

// release ends a turn in which all was sent, or else all but what gathers.
func (t *token) release(all bool) {
	if t.state = bursting; all {
		t.state = idle
	}
}

// open leaves what gathers to the callers that keep coming.
func (t *token) open() { t.state = bursting }

// offer leaves what gathers to the sender as well, which the caller wakes.
func (t *token) offer() { t.state = offered }

// stall keeps the rest of a batch that found the socket's buffer full.
func (t *token) stall(rest Datagrams) { t.state, t.batch = stuck, rest }

// resume ends the wait for room.
func (t *token) resume() { t.state = offered }
