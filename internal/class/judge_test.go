package class_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/option"
)

func TestJudge(t *testing.T) {
	member := func(name string) class.Truth {
		return map[string]class.Truth{"in": class.True, "out": class.False}[name]
	}
	const other = `option[60].exists`
	for expr, want := range map[string]class.Truth{
		`member('in')`:                                     class.True,
		`member('out')`:                                    class.False,
		`member('x')`:                                      class.Unknown,
		other:                                              class.Unknown,
		`not member('out')`:                                class.True,
		`not member('in')`:                                 class.False,
		`not ` + other:                                     class.Unknown,
		`member('out') and ` + other:                       class.False,
		other + ` and member('out')`:                       class.False,
		`member('in') and ` + other:                        class.Unknown,
		`member('in') and not member('out')`:               class.True,
		`member('in') or ` + other:                         class.True,
		other + ` or member('in')`:                         class.True,
		`member('out') or ` + other:                        class.Unknown,
		`member('out') or not (member('in'))`:              class.False,
		`(member('out') or member('x')) and ` + other:      class.Unknown,
		`not (member('in') and (` + other + `))`:           class.Unknown,
		`ifelse(member('in'), 'a', 'b') == 'b'`:            class.Unknown,
		other + ` and not (` + other + ` or member('in'))`: class.False,
	} {
		test, err := class.ParseTest(expr, option.NewDefs(option.V4))
		require.NoError(t, err, expr)
		require.Equal(t, want, test.Judge(member), expr)
	}
}
