package serve

import (
	"slices"
	"sync"
)

// job is a query that has begun.
type job struct {
	query    Query
	endpoint *Endpoint
	exchange *Exchange // nil: nobody observes
}

// workers are the goroutines that answer queries, one each at a time. There are
// as many as queries have been in flight lately: what a new one costs is to grow
// its stack to what answering needs. The one that has been idle for the shortest
// time goes on first, as its stack is in the processor's cache and has not been
// shrunk, and the others are given back.
type workers struct {
	sync.WaitGroup
	do func(job)

	mu     sync.Mutex
	queue  []job // that wait for a worker
	next   int   // in it
	idle   []*worker
	spare  int  // fewest idle since the last call of retire
	waking bool // one has been woken, and has not looked yet
	closed bool
}

// worker is one that is idle.
type worker struct {
	woken chan bool // false: it is not needed any more
}

// employ has jobs done. They do not wait for one another: whoever takes one
// wakes the next worker if others are left. Only one is woken at a time,
// because a query that waits for nothing is answered before that can run.
func (w *workers) employ(jobs []job) {
	if len(jobs) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next > len(w.queue)/2 {
		w.queue, w.next = slices.Delete(w.queue, 0, w.next), 0
	}
	w.queue = append(w.queue, jobs...)
	w.wake()
}

// wake lets another worker look for jobs, if there are any; w.mu is held.
func (w *workers) wake() {
	if w.next == len(w.queue) {
		w.queue, w.next = w.queue[:0], 0
		return
	}
	if w.waking {
		return
	}
	w.waking = true
	n := len(w.idle) - 1
	if n < 0 {
		w.Go(w.work)
		return
	}
	woken := w.idle[n].woken
	w.idle = w.idle[:n]
	w.spare = min(w.spare, n)
	woken <- true
}

func (w *workers) work() {
	me := &worker{make(chan bool, 1)}
	for woken := true; ; {
		j, ok := w.take(me, woken)
		woken = false
		if !ok {
			if woken = <-me.woken; !woken {
				return
			}
			continue
		}
		w.do(j)
	}
}

// take gives the next job. If there is none the worker is idle.
func (w *workers) take(me *worker, woken bool) (j job, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if woken {
		w.waking = false
	}
	if w.next == len(w.queue) {
		if w.closed {
			me.woken <- false
		} else {
			w.idle = append(w.idle, me)
		}
		return job{}, false
	}
	j = w.queue[w.next]
	w.queue[w.next] = job{}
	w.next++
	w.wake()
	return j, true
}

// retire gives back the workers that have been idle since the last call.
func (w *workers) retire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end(w.spare)
	w.spare = len(w.idle)
}

// end ends those that have been idle for longest; w.mu is held.
func (w *workers) end(n int) {
	for _, idle := range w.idle[:n] {
		idle.woken <- false
	}
	w.idle = append(w.idle[:0], w.idle[n:]...)
}

// close ends all when there are no jobs left, and waits for that.
func (w *workers) close() {
	w.mu.Lock()
	w.closed = true
	w.end(len(w.idle))
	w.mu.Unlock()
	w.Wait()
}
