package nack

// Touch reads what the next calls are about to need, and changes nothing; see
// reliable.Receiver.Touch.
func (r *Requester) Touch() int {
	return int(r.cfg.ID) + r.gaps.count + int(r.groupRTT) + int(r.next) + int(r.quiet)
}
