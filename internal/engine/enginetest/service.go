package enginetest

import "time"

// offSwitch is what an administrator has said last about the service.
type offSwitch struct {
	off   bool
	until time.Time // zero: until it is switched on
}

// disabled notes that the service has been switched off, for so many seconds; 0:
// for ever.
func (h *History) disabled(seconds int) {
	h.off = offSwitch{off: true}
	if seconds > 0 {
		h.off.until = time.Now().Add(time.Duration(seconds) * time.Second)
	}
	h.serviceReturns()
}

func (h *History) enabled() {
	h.off = offSwitch{}
	h.serviceReturns()
}

// serviceReturns finds out whether the service is on by now.
func (h *History) serviceReturns() {
	if !h.off.until.IsZero() && !time.Now().Before(h.off.until) {
		h.off = offSwitch{}
	}
	h.Serving = !h.off.off
}
