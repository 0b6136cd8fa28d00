package hametrics

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// term is a part of a query in PromQL, as far as the dashboard uses the language.
type term struct {
	kind   termKind
	name   string   // of the metric, function, aggregation or operator
	labels []string // of the matchers of a metric, or after by
	by     bool     // an aggregation has by
	ranged bool     // a metric has a range, as in [5m]
	args   []*term
}

type termKind uint8

const (
	number termKind = iota + 1
	metric
	call
	aggregation
	operation
)

// promQL reads a query.
type promQL struct {
	words []string
	next  int
}

var (
	word     = regexp.MustCompile(`^(?:[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9]+(?:\.[0-9]+)?|"(?:[^"\\]|\\.)*"|=~|!~|!=|==|>=|<=|[-+*/<>(){}\[\],=])`)
	name     = regexp.MustCompile(`^[a-zA-Z_:]`)
	duration = regexp.MustCompile(`^[0-9]+[smhd]$`)
)

// parsePromQL takes a query apart.
func parsePromQL(text string) (t *term, err error) {
	defer func() {
		if p := recover(); p != nil {
			if err, _ = p.(error); err == nil {
				panic(p)
			}
		}
	}()
	p := &promQL{}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		w := word.FindString(rest)
		if len(p.words) > 0 && p.words[len(p.words)-1] == "[" {
			w, _, _ = strings.Cut(rest, "]")
		}
		if w == "" {
			p.fail("cannot read %q", rest)
		}
		p.words, rest = append(p.words, w), rest[len(w):]
	}
	t = p.operation()
	if p.peek() != "" {
		p.fail("cannot read on at %q", p.peek())
	}
	return t, nil
}

func (p *promQL) fail(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

func (p *promQL) peek() string {
	if p.next == len(p.words) {
		return ""
	}
	return p.words[p.next]
}

func (p *promQL) take() string {
	w := p.peek()
	if w == "" {
		p.fail("cannot end here")
	}
	p.next++
	return w
}

func (p *promQL) expect(w string) {
	if got := p.take(); got != w {
		p.fail("cannot have %q where %q is due", got, w)
	}
}

// operation reads terms between operators. Which binds closer does not matter for
// what they are about.
func (p *promQL) operation() *term {
	t := p.operand()
	for strings.Contains(" + - * / == != < > <= >= ", " "+p.peek()+" ") && p.peek() != "" {
		op := p.take()
		t = &term{kind: operation, name: op, args: []*term{t, p.operand()}}
	}
	return t
}

func (p *promQL) operand() *term {
	w := p.take()
	if _, err := strconv.ParseFloat(w, 64); err == nil {
		return &term{kind: number, name: w}
	}
	switch {
	case w == "(":
		t := p.operation()
		p.expect(")")
		return t
	case !name.MatchString(w):
		p.fail("cannot have %q here", w)
	case w == "sum" || w == "max" || w == "min" || w == "avg" || w == "count":
		t := &term{kind: aggregation, name: w}
		if t.by = p.peek() == "by"; t.by {
			p.take()
			t.labels = p.names()
		}
		t.args = p.arguments()
		return t
	case p.peek() == "(":
		return &term{kind: call, name: w, args: p.arguments()}
	}
	t := &term{kind: metric, name: w}
	if p.peek() == "{" {
		t.labels = p.matchers()
	}
	if t.ranged = p.peek() == "["; t.ranged {
		p.take()
		if d := p.take(); !duration.MatchString(d) {
			p.fail("cannot have the range %q", d)
		}
		p.expect("]")
	}
	return t
}

// names reads a list as after by.
func (p *promQL) names() (all []string) {
	p.expect("(")
	for {
		all = append(all, p.take())
		if w := p.take(); w == ")" {
			return all
		} else if w != "," {
			p.fail("cannot have %q in a list", w)
		}
	}
}

func (p *promQL) arguments() (all []*term) {
	p.expect("(")
	if p.peek() == ")" {
		p.take()
		return nil
	}
	for {
		all = append(all, p.operation())
		if w := p.take(); w == ")" {
			return all
		} else if w != "," {
			p.fail("cannot have %q among arguments", w)
		}
	}
}

func (p *promQL) matchers() (labels []string) {
	p.expect("{")
	for {
		labels = append(labels, p.take())
		if op := p.take(); !strings.Contains(" = != =~ !~ ", " "+op+" ") {
			p.fail("cannot match by %q", op)
		}
		if value := p.take(); value[0] != '"' {
			p.fail("cannot match %q, which is no text", value)
		}
		if w := p.take(); w == "}" {
			return labels
		} else if w != "," {
			p.fail("cannot have %q among matchers", w)
		}
	}
}

// A query is taken apart into what it asks for.
func TestPromQL(t *testing.T) {
	t.Parallel()
	q, err := parsePromQL(`histogram_quantile(0.99, sum by (le, stage) (rate(a_bucket{job=~"x|y", stage!="\"}"}[5m]))) / 2 == 1`)
	require.NoError(t, err)
	require.Equal(t, &term{kind: operation, name: "==", args: []*term{
		{kind: operation, name: "/", args: []*term{
			{kind: call, name: "histogram_quantile", args: []*term{
				{kind: number, name: "0.99"},
				{kind: aggregation, name: "sum", by: true, labels: []string{"le", "stage"}, args: []*term{
					{kind: call, name: "rate", args: []*term{{kind: metric, name: "a_bucket", labels: []string{"job", "stage"}, ranged: true}}},
				}},
			}},
			{kind: number, name: "2"},
		}},
		{kind: number, name: "1"},
	}}, q)
	for _, wrong := range []string{"", "a{", "a}", "a{b}", `a{b="c"`, `a{b=c}`, "a b", "rate(a", "sum by a (b)", "a[5]", "a[5m", "a +", "()", "+ a", "a ; b"} {
		_, err := parsePromQL(wrong)
		require.Error(t, err, wrong)
	}
}
