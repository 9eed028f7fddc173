// Package record is the recorder's machine: it takes the sessions of its groups as frames, has
// them written to a log, and repeats them for subscribers that ask, out of memory or out of the
// log. It tells the group what it has.
//
// It is a state machine like send.Sender and receive.Receiver, and reads no clock and no file: a
// driver takes its jobs (NextDisk) to a journal.Log, and the results back (DiskDone).
package record
