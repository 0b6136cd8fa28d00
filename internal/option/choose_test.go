package option_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/option"
)

// level compiles option-data, given without the brackets.
func level(t testing.TB, f option.Family, data string) *option.List {
	t.Helper()
	var ds []option.Data
	require.NoError(t, json.Unmarshal([]byte("["+data+"]"), &ds))
	var options []option.Option
	for _, d := range ds {
		o, err := option.Compile(d, option.NewDefs(f))
		require.NoError(t, err)
		options = append(options, o)
	}
	l, err := option.NewList(f, options...)
	require.NoError(t, err)
	return l
}

func choose(q option.Query, levels ...*option.List) string {
	return text(option.Choose(nil, &q, levels...))
}

func in(classes ...string) func(string) bool {
	return func(c string) bool { return slices.Contains(classes, c) }
}

func TestChoosePrecedence(t *testing.T) {
	t.Parallel()
	host := level(t, option.V4, `{"name":"default-ip-ttl","data":"1"}`)
	subnet := level(t, option.V4, `{"name":"default-ip-ttl","data":"2"},{"name":"interface-mtu","data":"2"}`)
	global := level(t, option.V4, `{"name":"default-ip-ttl","data":"3"},{"name":"interface-mtu","data":"3"},{"name":"boot-size","data":"3"}`)

	require.Equal(t, "26=0002 13=0003 23=01", choose(option.Query{Requested: []uint16{26, 13, 23, 26, 99}}, host, nil, subnet, global),
		"in the order of the request, each once, from the first level")
	require.Empty(t, choose(option.Query{}, host, subnet, global), "nothing is requested")
	require.Empty(t, choose(option.Query{Requested: []uint16{23}}))

	prefix := []*option.Option{{Code: 26}}
	q := option.Query{Requested: []uint16{26}}
	require.Equal(t, "26= 26=0002", text(option.Choose(prefix, &q, subnet)), "what dst has is not looked at")
}

func TestChooseAlwaysAndNever(t *testing.T) {
	t.Parallel()
	subnet := level(t, option.V4, `{"name":"default-ip-ttl","data":"1"},{"name":"boot-size","never-send":true}`)
	global := level(t, option.V4, `{"name":"default-ip-ttl","data":"2","always-send":true},{"name":"interface-mtu","data":"2","always-send":true},
		{"name":"boot-size","data":"2","always-send":true},{"name":"merit-dump","data":"x"}`)
	require.Equal(t, "14=78 23=01 26=0002", choose(option.Query{Requested: []uint16{13, 14}}, subnet, global),
		"always-send of one level brings the option of another; never-send of any keeps it away")

	host := level(t, option.V4, `{"name":"boot-size","data":"9"}`)
	require.Empty(t, choose(option.Query{Requested: []uint16{13}}, host, subnet))
	require.Nil(t, option.Lookup(13, nil, host, subnet))
	require.NotNil(t, option.Lookup(13, nil, host))
	require.Nil(t, option.Lookup(23, nil, host, nil))
}

func TestChooseClasses(t *testing.T) {
	t.Parallel()
	subnet := level(t, option.V4, `{"name":"default-ip-ttl","data":"1"},{"name":"default-ip-ttl","data":"2","client-classes":["A","B"]},
		{"name":"interface-mtu","data":"1","client-classes":["A"]}`)
	global := level(t, option.V4, `{"name":"interface-mtu","data":"9"}`)
	for _, c := range []struct {
		member func(string) bool
		want   string
	}{
		{nil, "23=01 26=0009"},
		{in("C"), "23=01 26=0009"},
		{in("B"), "23=02 26=0009"},
		{in("A", "C"), "23=02 26=0001"},
	} {
		require.Equal(t, c.want, choose(option.Query{Requested: []uint16{23, 26}, Member: c.member}, subnet, global))
	}
}

func TestChooseVendors(t *testing.T) {
	t.Parallel()
	subnet := level(t, option.V4, `{"code":2,"space":"vendor-4491","data":"192.0.2.1"},{"code":7,"space":"vendor-9","csv-format":false,"data":"ff","always-send":true}`)
	global := level(t, option.V4, `{"code":2,"space":"vendor-4491","data":"192.0.2.9"},{"code":3,"space":"vendor-4491","csv-format":false,"data":"03"},
		{"name":"vivso-suboptions","data":"9"}`)
	for _, c := range []struct {
		about string
		q     option.Query
		want  string
	}{
		{"the client names no vendor", option.Query{}, ""},
		{"it names one and asks for options of it", option.Query{Vendors: []option.Vendor{{Enterprise: 4491, Requested: []uint16{3, 2, 5}}}}, "125=0000118b090204c0000201030103"},
		{"it asks for nothing", option.Query{Vendors: []option.Vendor{{Enterprise: 4491}}}, ""},
		{"always-send", option.Query{Vendors: []option.Vendor{{Enterprise: 9}}}, "125=00000009030701ff"},
		{"the server names one", option.Query{Requested: []uint16{125}}, "125=00000009030701ff"},
		{"both do", option.Query{Requested: []uint16{125}, Vendors: []option.Vendor{{Enterprise: 9, Requested: []uint16{7}}, {Enterprise: 4491, Requested: []uint16{3}}}},
			"125=00000009030701ff 125=0000118b03030103"},
	} {
		require.Equal(t, c.want, choose(c.q, subnet, global), c.about)
	}

	never := level(t, option.V4, `{"code":7,"space":"vendor-9","csv-format":false,"never-send":true}`)
	require.Equal(t, "125=0000000900", choose(option.Query{Requested: []uint16{125}}, never, subnet, global))
	never = level(t, option.V4, `{"code":125,"never-send":true}`)
	require.Empty(t, choose(option.Query{Requested: []uint16{125}, Vendors: []option.Vendor{{Enterprise: 9}}}, never, subnet, global))

	class := level(t, option.V4, `{"name":"vivco-suboptions","data":"1, 0161"},{"name":"vivco-suboptions","data":"2, 0162"}`)
	class2 := level(t, option.V4, `{"name":"vivco-suboptions","data":"2, 0163"},{"name":"vivco-suboptions","data":"3, 0164"}`)
	require.Equal(t, "124=000000010161 124=000000020162 124=000000030164", choose(option.Query{Requested: []uint16{124}}, class, class2))
}

// The length of what an enterprise has is a single byte in DHCPv4.
func TestChooseVendorLong(t *testing.T) {
	t.Parallel()
	long := slices.Repeat([]byte("ab"), 200)
	l := level(t, option.V4, `{"code":1,"space":"vendor-9","csv-format":false,"data":"`+string(long)+`"},{"code":2,"space":"vendor-9","csv-format":false,"data":"`+string(long)+`"}`)
	q := option.Query{Vendors: []option.Vendor{{Enterprise: 9, Requested: []uint16{1, 2}}}}
	got := option.Choose(nil, &q, l)
	require.Len(t, got, 1)
	v := got[0].Value
	require.Len(t, v, 2*(5+2+200))
	require.Equal(t, []byte{0, 0, 0, 9, 202, 1, 200, 0xab}, v[:8])
	require.Equal(t, []byte{0, 0, 0, 9, 202, 2, 200, 0xab}, v[207:215])
}

func TestChoose6(t *testing.T) {
	t.Parallel()
	l := level(t, option.V6, `{"name":"dns-servers","data":"2001:db8::1"},{"name":"vendor-opts","data":"4491"},{"code":33,"space":"vendor-4491","data":"boot","always-send":true},
		{"name":"s46-cont-lw"},{"name":"s46-br","space":"s46-cont-lw-options","data":"2001:db8::2"}`)
	require.Equal(t, "96=005a001020010db8000000000000000000000002 23=20010db8000000000000000000000001 17=0000118b00210004626f6f74",
		choose(option.Query{Requested: []uint16{96, 23, 17}}, l))
}

func TestNewListErrors(t *testing.T) {
	t.Parallel()
	defs := option.NewDefs(option.V4)
	for _, d := range []option.Def{
		{Name: "top", Code: 224, Type: option.Empty, Encapsulate: "a"},
		{Name: "x", Code: 1, Type: option.Empty, Space: "a", Encapsulate: "b"},
		{Name: "y", Code: 1, Type: option.Empty, Space: "b", Encapsulate: "a"},
	} {
		require.NoError(t, defs.Add(d))
	}
	var options []option.Option
	for _, d := range []option.Data{{Name: "top"}, {Name: "x", Space: "a"}, {Name: "y", Space: "b"}} {
		o, err := option.Compile(d, defs)
		require.NoError(t, err)
		options = append(options, o)
	}
	_, err := option.NewList(option.V4, options...)
	require.EqualError(t, err, "option: space b: options encapsulate others more than 8 levels deep")
}

func BenchmarkChoose(b *testing.B) {
	subnet := level(b, option.V4, `{"name":"routers","data":"192.0.2.1"},{"name":"domain-name-servers","data":"192.0.2.2"},{"name":"domain-name","data":"example.org"}`)
	class := level(b, option.V4, `{"name":"boot-file-name","data":"x"}`)
	global := level(b, option.V4, `{"name":"ntp-servers","data":"192.0.2.3"},{"name":"interface-mtu","data":"1500","always-send":true}`)
	q := option.Query{Requested: []uint16{1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42}, Member: in("ALL")}
	levels := []*option.List{nil, nil, subnet, class, global}
	var dst []*option.Option
	b.ReportAllocs()
	for b.Loop() {
		dst = option.Choose(dst[:0], &q, levels...)
		if len(dst) != 5 {
			b.Fatal(text(dst))
		}
	}
}
