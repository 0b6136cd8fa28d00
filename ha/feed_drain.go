package ha

import "context"

// drain is somebody who waits until nothing waits any more.
type drain struct{ end chan error }

// drain waits until the peer has been told everything. It returns the first
// error a change ends with, or the cause of the end of ctx.
func (f *feed) drain(ctx context.Context) error {
	d := &drain{make(chan error, 1)}
	f.mu.Lock()
	f.drains[d] = struct{}{}
	f.checkDrains()
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.drains, d)
	}()
	select {
	case err := <-d.end:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *feed) checkDrains() {
	if f.waiting+len(f.flying) == 0 && f.read == f.announced {
		f.endDrains(nil)
	}
}

func (f *feed) endDrains(err error) {
	for d := range f.drains {
		d.end <- err
		delete(f.drains, d)
	}
}
