package testnet

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Wire is a link between two hosts whose frames this process carries. It may
// lose some of them, and let them wait: what tc netem does on a kernel that has
// it.
type Wire struct {
	ways   [2]*way
	flying sync.WaitGroup // goroutines, and frames that wait
}

// way is one direction of a wire.
type way struct {
	mu          sync.Mutex
	random      *rand.Rand
	lost        float64
	least, most time.Duration
}

// Lose has the wire lose a share of all frames, from 0 to 1, in both directions.
func (w *Wire) Lose(share float64) {
	for _, y := range w.ways {
		y.mu.Lock()
		y.lost = share
		y.mu.Unlock()
	}
}

// Delay has each frame come later by a time between the two, and so maybe out of
// order.
func (w *Wire) Delay(least, most time.Duration) {
	for _, y := range w.ways {
		y.mu.Lock()
		y.least, y.most = least, most
		y.mu.Unlock()
	}
}

// fate is what becomes of the next frame.
func (y *way) fate() (lost bool, delay time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	lost = y.random.Float64() < y.lost
	delay = y.least
	if y.most > y.least {
		delay += time.Duration(y.random.Int64N(int64(y.most - y.least)))
	}
	return lost, delay
}

// carry takes frames from read to write until read fails.
func (w *Wire) carry(y *way, read func([]byte) (int, error), write func([]byte) (int, error)) {
	for {
		frame := make([]byte, 2048)
		n, err := read(frame)
		if err != nil {
			return
		}
		lost, delay := y.fate()
		switch {
		case lost:
		case delay == 0:
			_, _ = write(frame[:n]) // what cannot be delivered is lost
		default:
			w.flying.Add(1)
			time.AfterFunc(delay, func() {
				defer w.flying.Done()
				_, _ = write(frame[:n])
			})
		}
	}
}
