package publisher

// progress wakes goroutines that wait until messages are sent or taken. The loop's lock
// guards it.
type progress struct {
	// made is closed by the next progress.
	made chan struct{}
	// waiting is the number of goroutines that wait.
	waiting int
	// untaken is the number of those that wait until messages are taken.
	untaken int
}

// sent wakes the goroutines after a batch was sent.
func (g *progress) sent() {
	if g.waiting > 0 {
		g.wake()
	}
}

// taken wakes the goroutines that wait until messages are taken, after a datagram was
// received or time has passed.
func (g *progress) taken() {
	if g.untaken > 0 {
		g.wake()
	}
}

func (g *progress) wake() {
	close(g.made)
	g.made = make(chan struct{})
}
