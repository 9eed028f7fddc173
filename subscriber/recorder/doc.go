// Package recorder records the sessions of multicast groups to a log on disk, and serves what it
// has: to subscribers that miss what a publisher no longer holds, and for publishers that are
// gone. It never stands in the way of a stream: where its disk is slow, full or broken, the stream
// goes on, and the log names what it lacks.
//
//	rec, err := recorder.New(recorder.Config{Dir: "/var/lib/crier"})
//	if err != nil {
//		return err
//	}
//	defer rec.Close()
package recorder
