package hatest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Step is done when At has passed since the script began.
type Step struct {
	At   time.Duration
	Do   string
	Args []string
}

// String returns the line of the step, see [Script].
func (s Step) String() string {
	at := fmt.Sprintf("%d.%09d", s.At/time.Second, s.At%time.Second)
	at = strings.TrimSuffix(strings.TrimRight(at, "0"), ".")
	return strings.Join(append([]string{at + "s", s.Do}, s.Args...), " ")
}

// steps reads the arguments of each kind of step, and returns what it does.
var steps = map[string]func(a *args) func(w *World){
	"start":    func(a *args) func(w *World) { return a.node().does((*Node).Start) },
	"stop":     func(a *args) func(w *World) { return a.node().does((*Node).Stop) },
	"kill":     func(a *args) func(w *World) { return a.node().does((*Node).Kill) },
	"poweroff": func(a *args) func(w *World) { return a.node().does((*Node).PowerOff) },
	"disk":     func(a *args) func(w *World) { return a.node().does(a.disk()) },
	"clock": func(a *args) func(w *World) {
		n, offset := a.node(), a.duration("the offset")
		return n.does(func(n *Node) { n.SetClock(offset) })
	},
	"drift": func(a *args) func(w *World) {
		n, rate := a.node(), a.ppm()
		return n.does(func(n *Node) { n.Drift(rate) })
	},
	"command": func(a *args) func(w *World) { return a.node().does(a.command()) },

	"cut":      func(a *args) func(w *World) { return a.way().does((*World).Cut) },
	"join":     func(a *args) func(w *World) { return a.way().does((*World).Join) },
	"cutboth":  func(a *args) func(w *World) { return a.way().does((*World).CutBoth) },
	"joinboth": func(a *args) func(w *World) { return a.way().does((*World).JoinBoth) },
	"joinall":  func(a *args) func(w *World) { return (*World).JoinAll },
	"delay": func(a *args) func(w *World) {
		p, least, most := a.way(), a.atLeast0("the least delay"), a.atLeast0("the greatest delay")
		if most < least {
			a.fail("%v is more than %v", least, most)
		}
		return func(w *World) { w.Delay(p.from, p.to, least, most) }
	},
	"lose": func(a *args) func(w *World) {
		p, share := a.way(), a.share()
		return func(w *World) { w.Lose(p.from, p.to, share) }
	},
	"duplicate": func(a *args) func(w *World) {
		p, share := a.way(), a.share()
		return func(w *World) { w.Duplicate(p.from, p.to, share) }
	},

	"clients": func(a *args) func(w *World) {
		n := a.number("how many")
		return func(w *World) { w.Crowd(n) }
	},
	"client": func(a *args) func(w *World) {
		i, does := a.number("which client"), a.client()
		return func(w *World) { does(w.Client(i)) }
	},
}

// action is a step that has been read.
type action struct {
	do    func(w *World)
	nodes []string // that there must be
}

// action reads the step.
func (s Step) action() (action, error) {
	read := steps[s.Do]
	if read == nil {
		return action{}, fmt.Errorf("there is no step %q", s.Do)
	}
	a := args{left: s.Args}
	do := read(&a)
	if len(a.left) > 0 {
		a.fail("%q is too much", a.left[0])
	}
	return action{do, a.nodes}, a.err
}

// fits says whether the world has the nodes that the step names.
func (a action) fits(w *World) error {
	for _, name := range a.nodes {
		if !slices.ContainsFunc(w.Nodes(), func(n *Node) bool { return n.Name == name }) {
			return fmt.Errorf("there is no node %s", name)
		}
	}
	return nil
}

// args are the arguments of a step that have not been read yet.
type args struct {
	left  []string
	nodes []string
	err   error // the first mistake
}

func (a *args) fail(format string, values ...any) {
	if a.err == nil {
		a.err = fmt.Errorf(format, values...)
	}
}

func (a *args) next(what string) string {
	if len(a.left) == 0 {
		a.fail("%s is missing", what)
		return ""
	}
	first := a.left[0]
	a.left = a.left[1:]
	if words := strings.Fields(first); len(words) != 1 || words[0] != first {
		a.fail("%q is not one word", first)
	}
	return first
}

// nodeName is the node that a step is about.
type nodeName string

func (a *args) node() nodeName {
	name := a.next("the node")
	a.nodes = append(a.nodes, name)
	return nodeName(name)
}

func (name nodeName) does(f func(n *Node)) func(w *World) {
	return func(w *World) { f(w.Node(string(name))) }
}

// fromTo is the way in the network that a step is about.
type fromTo struct{ from, to string }

func (a *args) way() fromTo {
	p := fromTo{a.next("where it begins"), a.next("where it ends")}
	if p.from == p.to {
		a.fail("from %s to %s there is no way", p.from, p.to)
	}
	for _, name := range []string{p.from, p.to} {
		if name != Clients {
			a.nodes = append(a.nodes, name)
		}
	}
	return p
}

func (p fromTo) does(f func(w *World, from, to string)) func(w *World) {
	return func(w *World) { f(w, p.from, p.to) }
}

func (a *args) duration(what string) time.Duration {
	text := a.next(what)
	d, err := time.ParseDuration(text)
	if err != nil {
		a.fail("%q is not %s, such as 1.5s", text, what)
	}
	return d
}

// atLeast0 is a duration that is not negative.
func (a *args) atLeast0(what string) time.Duration {
	d := a.duration(what)
	if d < 0 {
		a.fail("%s is negative", what)
	}
	return d
}

func (a *args) share() float64 {
	text := a.next("the share")
	f, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !strings.HasSuffix(text, "%") || !(f >= 0 && f <= 100) {
		a.fail("%q is not a share, such as 20%%", text)
	}
	return f / 100
}

// maxDrift is in ppm: such a clock would stand still.
const maxDrift = 1e6

func (a *args) ppm() float64 {
	text := a.next("the rate")
	f, err := strconv.ParseFloat(strings.TrimSuffix(text, "ppm"), 64)
	if err != nil || !strings.HasSuffix(text, "ppm") || !(f > -maxDrift && f < maxDrift) {
		a.fail("%q is not a rate, such as +200ppm", text)
	}
	return f
}

// maxClients bounds a mistake in a script.
const maxClients = 10_000

func (a *args) number(what string) int {
	text := a.next(what)
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxClients {
		a.fail("%q is not a number from 0 to %d", text, maxClients)
	}
	return n
}

var errDisk = errors.New("input/output error")

func (a *args) disk() func(n *Node) {
	switch how := a.next("what the disk does"); how {
	case "works":
		return (*Node).DiskWorks
	case "full":
		return func(n *Node) { n.FailDisk(syscall.ENOSPC) }
	case "fails":
		return func(n *Node) { n.FailDisk(errDisk) }
	case "unsynced":
		return func(n *Node) { n.FailSync(errDisk) }
	case "lies":
		return (*Node).LieDisk
	case "slow":
		d := a.atLeast0("the time of a write")
		return func(n *Node) { n.SlowDisk(d) }
	default:
		a.fail("a disk is not %q: works, full, fails, unsynced, lies or slow", how)
		return nil
	}
}

func (a *args) command() func(n *Node) {
	name := a.next("the command")
	var arguments any
	if len(a.left) > 0 {
		raw := json.RawMessage(a.next("the arguments"))
		if !json.Valid(raw) {
			a.fail("%q is no JSON", raw)
		}
		arguments = raw
	}
	return func(n *Node) { n.Command(name, arguments) }
}

func (a *args) client() func(c *Client) {
	switch does := a.next("what the client does"); does {
	case "release":
		return (*Client).Release
	case "decline":
		return (*Client).Decline
	case "reboot":
		return (*Client).Reboot
	case "leave":
		return (*Client).Leave
	case "return":
		return (*Client).Return
	default:
		a.fail("a client does not %q: release, decline, reboot, leave or return", does)
		return nil
	}
}
