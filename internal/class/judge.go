package class

// Truth is what is known of a condition without a packet.
type Truth uint8

// What is known.
const (
	Unknown Truth = iota
	True
	False
)

// Judge says what the condition is for every packet whose classes are as
// member tells. Whatever else it looks at is unknown.
func (t *Test) Judge(member func(class string) Truth) Truth { return t.judge.of(member) }

type judgeFunc func(member func(string) Truth) Truth

func (j judgeFunc) of(member func(string) Truth) Truth {
	if j == nil {
		return Unknown
	}
	return j(member)
}

func negated(j judgeFunc) judgeFunc {
	if j == nil {
		return nil
	}
	return func(member func(string) Truth) Truth {
		switch j(member) {
		case True:
			return False
		case False:
			return True
		}
		return Unknown
	}
}

func both(a, b judgeFunc) judgeFunc {
	return func(member func(string) Truth) Truth {
		x, y := a.of(member), b.of(member)
		switch {
		case x == False || y == False:
			return False
		case x == True && y == True:
			return True
		}
		return Unknown
	}
}

func either(a, b judgeFunc) judgeFunc { return negated(both(negated(a), negated(b))) }
