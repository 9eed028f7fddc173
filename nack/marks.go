package nack

// marks are what a Responder knows of the frames that are asked for, by sequence
// number modulo their count. They are made a page at a time, when one on it is first
// needed: of a large resend buffer, most never are.
type marks struct {
	count uint64
	pages [][]mark
}

// mark is what is known of the repair of one held frame.
type mark struct {
	seq uint64
	// who asked last, whose it is in the queue, or whom it went to; nil if nobody did
	asker   *Asker
	request uint64 // the asker's, while it waits
	at      Time   // when it was last repeated
	shouted Time   // when it was last repeated to the group
	told    Time   // when the group was last told to wait for it

	before, after int32 // its neighbours in the queue, as indices plus one; 0 for none

	repeated  bool // at means something
	toGroup   bool // shouted means something
	confirmed bool // told means something
	queued    bool
	class     Class // in which it is queued
	group     bool  // it goes, or went, to the group
	shared    bool  // asker knows that another lost it as well
}

// marksPage is how many marks are made at once.
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
