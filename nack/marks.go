package nack

// marks is a Responder's table of the frames that were asked for, by sequence number modulo
// its size. Its pages are allocated when a mark on them is first used: most of the pages for
// a large resend buffer never are.
type marks struct {
	count uint64
	pages [][]mark
}

// mark is the state of one frame that was asked for. The zero mark belongs to no frame.
type mark struct {
	seq uint64
	// asker is the subscriber in whose line the frame waits, or else the last one that it
	// was repeated for. It is nil in a mark that was never used.
	asker *Asker
	// request is the newest request of asker for the frame.
	request uint64

	// The times at which the frame was last repeated at all, last repeated to the group, and
	// last announced to the group in a CONFIRM. Each is always where that hasn't happened.
	repairedAt, multicastAt, confirmedAt Time

	// before and after are the neighbors in the queue, as indices plus one; 0 means none.
	before, after int32

	// queued says that the frame waits in the queue, in the line of class.
	queued bool
	class  Class
	// multicast says that the repair goes, or went, to the group.
	multicast bool
	// shared says that asker knows that another subscriber lost the frame as well.
	shared bool
}

// newMark returns the mark of a frame that a asks for first.
func newMark(seq uint64, a *Asker) mark {
	return mark{seq: seq, asker: a, repairedAt: always, multicastAt: always, confirmedAt: always}
}

func (m *mark) wasRepaired() bool  { return m.repairedAt != always }
func (m *mark) wasMulticast() bool { return m.multicastAt != always }
func (m *mark) wasConfirmed() bool { return m.confirmedAt != always }

// marksPage is the number of marks in a page.
const marksPage = 1024

func newMarks(count int) marks {
	return marks{count: uint64(count), pages: make([][]mark, (count+marksPage-1)/marksPage)}
}

// index returns the index of a frame's mark.
func (s *marks) index(seq uint64) int32 { return int32(seq % s.count) }

// at returns the mark with an index.
func (s *marks) at(i int32) *mark {
	page := s.pages[i/marksPage]
	if page == nil {
		page = make([]mark, min(marksPage, s.count-uint64(i/marksPage*marksPage)))
		s.pages[i/marksPage] = page
	}
	return &page[i%marksPage]
}
