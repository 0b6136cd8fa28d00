package hatest

import (
	"slices"
	"strconv"
	"time"
)

// shrink returns a shorter script that fails, too: one from which no step can
// be taken away, with as few clients and as round times as may be, if that is
// found before fails has been asked as often as tries says.
func shrink(s Script, tries int, fails func(Script) bool) Script {
	ask := func(s Script) bool {
		tries--
		return tries >= 0 && fails(s)
	}
	s = fewerSteps(s, ask)
	s = fewerClients(s, ask)
	return rounder(s, ask)
}

// fewerSteps is delta debugging (Zeller and Hildebrandt, Simplifying and
// Isolating Failure-Inducing Input, 2002): large parts are left out, then
// smaller ones, until none can be.
func fewerSteps(s Script, fails func(Script) bool) Script {
	for parts := 2; len(s) > 0; {
		size := (len(s) + parts - 1) / parts
		shorter := false
		// What comes late is the first to go: after the failure it has no part in it.
		for end := len(s); end > 0 && !shorter; end -= size {
			rest := slices.Delete(slices.Clone(s), max(end-size, 0), end)
			if shorter = fails(rest); shorter {
				s, parts = rest, max(parts-1, 2)
			}
		}
		if !shorter {
			if size == 1 {
				break
			}
			parts = min(2*parts, len(s))
		}
	}
	return s
}

// fewerClients halves crowds, and then takes clients away one by one.
func fewerClients(s Script, fails func(Script) bool) Script {
	for i := range s {
		if s[i].Do != "clients" {
			continue
		}
		n, _ := strconv.Atoi(s[i].Args[0])
		for n > 1 {
			fewer, ok := s.with(i, Step{At: s[i].At, Do: "clients", Args: []string{strconv.Itoa(n / 2)}}, fails)
			less := n / 2
			if !ok {
				fewer, ok = s.with(i, Step{At: s[i].At, Do: "clients", Args: []string{strconv.Itoa(n - 1)}}, fails)
				less = n - 1
			}
			if !ok {
				break
			}
			s, n = fewer, less
		}
	}
	return s
}

// rounder makes times whole seconds where that does not matter.
func rounder(s Script, fails func(Script) bool) Script {
	all := slices.Clone(s)
	for i := range all {
		all[i].At = all[i].At.Round(time.Second)
	}
	if fails(all) {
		return all
	}
	for i := range s {
		step := s[i]
		if step.At = step.At.Round(time.Second); step.At != s[i].At {
			s, _ = s.with(i, step, fails)
		}
	}
	return s
}

// with returns the script with another step i if that fails, too.
func (s Script) with(i int, step Step, fails func(Script) bool) (Script, bool) {
	other := slices.Clone(s)
	other[i] = step
	if fails(other) {
		return other, true
	}
	return s, false
}
