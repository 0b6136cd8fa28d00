package ha

import "context"

// drain is somebody who waits until the peer needs nothing up to a revision.
type drain struct {
	upTo uint64
	end  chan error
}

// drain waits until the peer has been told everything that there is now: what
// comes meanwhile may never end. Of a lease that changes meanwhile the peer is
// told later. It returns the first error a change ends with, or the cause of the
// end of ctx.
func (f *feed) drain(ctx context.Context) error {
	d := &drain{end: make(chan error, 1)}
	f.mu.Lock()
	d.upTo = f.announced
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
	if len(f.drains) == 0 {
		return
	}
	acked := f.ackedUpTo()
	for d := range f.drains {
		if acked >= d.upTo {
			d.end <- nil
			delete(f.drains, d)
		}
	}
}

func (f *feed) endDrains(err error) {
	for d := range f.drains {
		d.end <- err
		delete(f.drains, d)
	}
}
