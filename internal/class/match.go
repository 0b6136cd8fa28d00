package class

import "regexp"

// match parses match('regular expression', text). The expression has Go's
// syntax (RE2), which takes time in proportion to the text.
func (p *parser) match() (value, error) {
	if err := p.expect("("); err != nil {
		return value{}, err
	}
	t, err := p.take(text, "a regular expression in quotes")
	if err != nil {
		return value{}, err
	}
	re, err := regexp.Compile(`\A(?:` + t.text + `)\z`)
	if err != nil {
		return value{}, p.errorf(t, "%s is not a regular expression: %v", t, err)
	}
	s, err := p.secondArg()
	if err != nil {
		return value{}, err
	}
	return value{cond: func(pkt *Packet) (bool, error) {
		s, err := s(pkt)
		return err == nil && re.MatchString(s), err
	}}, p.expect(")")
}
