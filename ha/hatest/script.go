package hatest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Script is what happens to a world, as data: it can be printed, read,
// repeated and shortened. Its text has a line for each step:
//
//	0s clients 8
//	12.5s kill server1
//	14s cut server1 server2
//	20s disk server2 full
//	30s clock server2 +90s
//	41s start server1
//
// The steps are, in capitals what is put in:
//
//	start|stop|kill|poweroff NODE
//	cut|join FROM TO              one way; a NODE or clients
//	cutboth|joinboth NODE NODE
//	joinall
//	delay FROM TO LEAST MOST      0s 0s: no longer
//	lose FROM TO SHARE            such as 20%
//	duplicate FROM TO SHARE
//	disk NODE works|full|fails    or unsynced or lies, see FailSync and LieDisk
//	disk NODE slow DURATION       for each write
//	clock NODE OFFSET             from the true time, such as +90s
//	drift NODE RATE               such as -200ppm
//	command NODE NAME [JSON]      an operator's, such as ha-maintenance-start; no blanks
//	clients NUMBER                there are at least so many
//	client NUMBER DOES            release, decline, reboot, leave or return; the first is 0
//
// A step that wants what already is does nothing, so a script from which steps
// have been taken away is a script.
type Script []Step

// String returns the text of the script, see [ParseScript].
func (s Script) String() string {
	var b strings.Builder
	for _, step := range s {
		b.WriteString(step.String() + "\n")
	}
	return b.String()
}

// ParseScript reads the text of a script. Empty lines and those that begin
// with # do not count.
func ParseScript(text string) (Script, error) {
	var s Script
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		step, err := parseStep(words)
		if err != nil {
			return nil, fmt.Errorf("hatest: script, line %d: %w", n, err)
		}
		s = append(s, step)
	}
	return s, nil
}

func parseStep(words []string) (Step, error) {
	at, err := time.ParseDuration(words[0])
	if err != nil || at < 0 {
		return Step{}, fmt.Errorf("%q is not the time of a step, such as 12.5s", words[0])
	}
	if len(words) == 1 {
		return Step{}, errors.New("there is nothing to be done")
	}
	step := Step{At: at, Do: words[1]}
	if len(words) > 2 {
		step.Args = slices.Clone(words[2:])
	}
	_, err = step.action()
	return step, err
}

// Play does what the script says, from now on, and returns after its last step.
// A script that does not fit the world ends the test.
func (w *World) Play(s Script) {
	w.t.Helper()
	s = slices.Clone(s)
	slices.SortStableFunc(s, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	actions := make([]action, 0, len(s))
	for _, step := range s {
		a, err := step.action()
		if err == nil {
			err = a.fits(w)
		}
		if err != nil {
			w.Fatalf("the script does not fit, step %q: %v", step, err)
		}
		actions = append(actions, a)
	}
	began := time.Now()
	for i, a := range actions {
		w.Sleep(time.Until(began.Add(s[i].At)))
		a.do(w)
	}
}
