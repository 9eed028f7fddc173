package nack

// marks are what a Responder knows of the frames that are asked for, by sequence
// number modulo their count. They are made a page at a time, when one on it is first
// needed: of a large resend buffer, most never are.
type marks struct {
	count uint64
	pages [][]mark
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

// find returns the mark of a frame, and nil if it isn't that one's.
func (s *marks) find(seq uint64) *mark {
	i := s.index(seq)
	if s.pages[i/marksPage] == nil {
		return nil
	}
	if m := s.at(i); m.asker != nil && m.seq == seq {
		return m
	}
	return nil
}
