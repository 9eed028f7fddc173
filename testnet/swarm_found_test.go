package testnet

import "testing"

// foundSeeds are those in which something was found, by running many. What they told has
// become a story of its own, too.
var foundSeeds = []uint64{
	934306, // a round trip measured across a suspension
	938273, // messages held back for a frame that has nothing of what counts
	915461, // runs lost for two causes, told as one
	920457, // a rate limit that outlasts the run
	943444, // the same, with suspensions
	942763, // a suspension with a write and a disk job under way
	661,    // a publisher moves while a subscriber sleeps
	811,    // a subscriber without an address, for now, asks for what went to all
	813,    // a subscriber moves twice
	730466, // a publisher moves before it is known where its session begins
	730912, // a subscriber moves and asks for what only the disk holds

	// What goes where a subscriber was, taken for words to the group.
	5002794, 5003257, 5003308, 5003940, 6002112, 6003488, 6004407,

	// A request comes after its subscriber has said that it goes.
	4000001, 4012483,

	6032160, // what one without a row was denied, taken for denied to one that counts
	6027778, // what went to the group comes again from the disk
	// a repair comes to a sleeper before the frame, and before it is told where the session begins
	6022113,
	6014789, // what one waits for alone goes to the group, since another without a row asks
}

func TestFoundSeeds(t *testing.T) {
	for _, seed := range foundSeeds {
		if _, _, err := runSeed(seed); err != nil {
			t.Errorf("%v\n", err)
		}
	}
}
