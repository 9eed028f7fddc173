package store

// A Pool is the memory for the Blocks of several Tails.
type Pool struct {
	limit, used int
	lender      Lender
	// share bounds the memory of one Block, where a frame fits into less.
	share int
	// arena is memory for the Data of the largest Blocks, which goes before Go's heap.
	arena [][]byte
	spare [len(classBytes)][]*Block
}

// A Lender has Blocks that make room for others.
type Lender interface {
	// Lends returns the memory of the Blocks that may make room, in bytes.
	Lends() int
	// Lend takes one of them out of its Tail, and returns it, or nil if there is none.
	Lend() *Block
}

// NewPool returns a Pool of so many bytes, whose Blocks make room for others as the Lender says.
func NewPool(limit int, lender Lender) Pool {
	return Pool{limit: limit, lender: lender, share: limit}
}

// Used returns the memory of all Blocks, in bytes.
func (p *Pool) Used() int { return p.used }

// Spare returns the memory of the Blocks that nobody uses, in bytes.
func (p *Pool) Spare() (n int) {
	for class := range p.spare {
		n += len(p.spare[class]) * cost(class)
	}
	return n
}

// HasRoom reports whether a Block of the largest class can be had.
func (p *Pool) HasRoom() bool { return p.room(largest) }

func (p *Pool) room(class int) bool {
	return p.limit-p.used+p.Spare()+p.lender.Lends() >= cost(class)
}

// take returns an empty Block of a class, or nil where there is no room.
func (p *Pool) take(class int) *Block {
	if !p.room(class) {
		return nil
	}
	for {
		if n := len(p.spare[class]); n > 0 {
			b := p.spare[class][n-1]
			p.spare[class] = p.spare[class][:n-1]
			return b
		}
		if p.used+cost(class) <= p.limit {
			p.used += cost(class)
			return p.make(class)
		}
		if !p.discard(class) {
			b := p.lender.Lend()
			if b == nil {
				return nil
			}
			p.Put(b)
		}
	}
}

// furnish gives the Pool memory for the Data of its largest Blocks, which begin at its start.
func (p *Pool) furnish(memory []byte) {
	size := classBytes[largest]
	for end := len(memory) / size * size; end > 0; end -= size {
		p.arena = append(p.arena, memory[end-size:end-size:end])
	}
}

// make returns a new Block.
func (p *Pool) make(class int) *Block {
	n := classBytes[class] / bytesAnEntry
	b := &Block{class: class, Sizes: make([]int32, 0, n), Entries: make([]Entry, 0, n)}
	if last := len(p.arena) - 1; class == largest && last >= 0 {
		b.Data, b.lent, p.arena = p.arena[last], true, p.arena[:last]
	} else {
		b.Data = make([]byte, 0, classBytes[class])
	}
	return b
}

// discard frees a spare Block of another class, and reports whether there was one.
func (p *Pool) discard(but int) bool {
	for class := range p.spare {
		if n := len(p.spare[class]); n > 0 && class != but {
			if b := p.spare[class][n-1]; b.lent {
				p.arena = append(p.arena, b.Data)
			}
			p.spare[class][n-1] = nil
			p.spare[class] = p.spare[class][:n-1]
			p.used -= cost(class)
			return true
		}
	}
	return false
}

// Put takes a Block back.
func (p *Pool) Put(b *Block) {
	b.leave()
	b.Tail, b.Data, b.Sizes, b.Entries = nil, b.Data[:0], b.Sizes[:0], b.Entries[:0]
	p.spare[b.class] = append(p.spare[b.class], b)
}
