package publisher

import (
	"context"
	"slices"
)

// line is those who wait for room, in the order in which they came: whoever needs much
// would else wait for as long as others need little. The loop's lock guards it.
type line []*waiter

// waiter is one of them. Only the first is told that there may be room.
type waiter struct{ turn chan struct{} }

// free reports whether nobody stands before w; nil hasn't stood in line yet.
func (l *line) free(w *waiter) bool { return len(*l) == 0 || (*l)[0] == w }

// wake has the first try again.
func (l *line) wake() {
	if len(*l) > 0 {
		select {
		case (*l)[0].turn <- struct{}{}:
		default: // it is about to
		}
	}
}

// leave takes w out, if it stood in line. What room it leaves is the next one's.
func (l *line) leave(w *waiter) {
	if w != nil {
		*l = slices.DeleteFunc(*l, func(o *waiter) bool { return o == w })
		l.wake()
	}
}

// stand gives the lock back until it is w's turn to try, ctx ends, or the Publisher is
// closed. It returns w, or whom it put in line where that is nil. The lock is held
// again when it returns; with an error, nobody stands in line for the caller any more.
func (p *Publisher) stand(ctx context.Context, w *waiter) (*waiter, error) {
	if w == nil {
		w = &waiter{turn: make(chan struct{}, 1)}
		p.line = append(p.line, w)
	}
	p.loop.SettleNow()
	var err error
	select {
	case <-w.turn:
	case <-ctx.Done():
		err = ctx.Err()
	case <-p.stopped:
		err = ErrClosed
	}
	p.loop.Lock()
	if err != nil {
		p.line.leave(w)
	}
	return w, err
}
