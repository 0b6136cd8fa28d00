package main

// trains collect messages of the same length, which the system can send
// together.
type trains struct {
	all []train
	max int // messages in one
}

type train struct {
	size  int // of each message
	bytes []byte
}

// A train is a datagram that is divided late. The system allows so many bytes
// and messages in one.
const (
	maxTrain = 60_000
	maxBatch = 64
)

// add puts a message into the train of its length. It returns false if that is
// full.
func (t *trains) add(p []byte) bool {
	i := 0
	for i < len(t.all) && t.all[i].size != len(p) {
		i++
	}
	if i == len(t.all) {
		t.all = append(t.all, train{size: len(p)})
	}
	to := &t.all[i]
	if len(to.bytes) >= t.max*len(p) || len(to.bytes)+len(p) > maxTrain {
		return false
	}
	to.bytes = append(to.bytes, p...)
	return true
}

// each calls f with what there is to be sent, and forgets it.
func (t *trains) each(f func(bytes []byte, size int) error) error {
	for i := range t.all {
		to := &t.all[i]
		if len(to.bytes) == 0 {
			continue
		}
		if err := f(to.bytes, to.size); err != nil {
			return err
		}
		to.bytes = to.bytes[:0]
	}
	return nil
}
