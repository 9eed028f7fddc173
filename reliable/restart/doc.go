// Package restart finds where a stream ended, for a publisher that goes on with it. A [Search]
// asks the group by FIND, and takes the DIGESTs of recorders and subscribers, and the frames of
// publishers of the same name. Its content is where the newest session of the stream ends, or
// who says that it still runs. The publisher's own log counts as an answer.
//
// It is pure: frames and times go in; datagrams, the next deadline and the result come out.
package restart
