package enginetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// lifetimes are the valid lifetimes that commands give, in seconds.
var lifetimes = [...]uint32{100, 1000, 1, 3600, lease.Infinite, 30}

// command plays a command. What it is to answer and to do is said by what it
// finds.
func (h *History) command() {
	which, about := h.Byte(), h.Byte()
	l, who := h.subject(about), h.Clients[int(about>>4)%len(h.Clients)]
	switch which % 16 {
	case 0, 1:
		h.add(h.given(l, who))
	case 2:
		h.update(h.given(l, who), false)
	case 3:
		h.update(h.given(l, who), true)
	case 4, 5:
		h.del(l.Key())
	case 6:
		h.get(l.Key())
	case 7:
		h.list("get-all", nil, func(*lease.Lease) bool { return true })
	case 8:
		h.page(int(about)%5 + 1)
	case 9:
		h.wipe(uint32(about) % 3)
	case 10:
		h.getByClient(who)
	case 11:
		state := lease.State(about % 4)
		h.list("get-by-state", object{"state": state}, func(l *lease.Lease) bool { return l.State == state })
	case 12:
		h.turn(about)
	case 13:
		h.bulk(l.Key(), h.given(h.subject(about+1), who))
	case 14:
		name := fmt.Sprintf("host-%d", about%3)
		h.list("get-by-hostname", object{"hostname": name}, func(l *lease.Lease) bool { return l.Hostname == name })
	default:
		h.delByClient(l, who)
	}
}

// subject returns one of the leases that commands are about.
func (h *History) subject(i byte) lease.Lease { return h.Subjects[int(i&15)%len(h.Subjects)] }

type object map[string]any

// run runs a command of leases, by the end of its name, and checks its result.
func (h *History) run(name string, args object, results ...int) ctrl.Response {
	h.T.Helper()
	return h.runNamed(fmt.Sprintf("lease%d-%s", h.Family, name), args, results...)
}

func (h *History) runNamed(name string, args object, results ...int) ctrl.Response {
	h.T.Helper()
	var raw json.RawMessage
	if args != nil {
		var err error
		if raw, err = json.Marshal(args); err != nil {
			h.Failf("%v", err)
		}
	}
	r := h.Mux.Run(h.T.Context(), &ctrl.Request{Command: name, Arguments: raw})
	h.Note("%s %s: %d %s", name, raw, r.Result, r.Text)
	if !slices.Contains(results, r.Result) {
		h.Failf("%s: result %d (%s), which should be of %v", name, r.Result, r.Text, results)
	}
	return r
}

// given is a lease as a command gives it, with details from the input.
func (h *History) given(l lease.Lease, who Client) lease.Lease {
	how := h.Byte()
	l.ClientID, l.HWAddr, l.IAID = who.ID, who.HWAddr, who.IAID
	l.ValidLft = lifetimes[int(how)%len(lifetimes)]
	l.CLTT = time.Now().Unix()
	if how&0x10 != 0 && l.ValidLft != lease.Infinite {
		l.CLTT -= 500 // it may have ended
	}
	if how&0x20 != 0 {
		l.Hostname = fmt.Sprintf("host-%d", how%3)
	}
	if how>>6 < 3 {
		l.State = lease.State(how >> 6) // assigned, declined or expired
	}
	if l.Type == lease.PD && l.State == lease.Declined {
		l.State = lease.Released
	}
	if h.Family == ctrl.V6 {
		l.PreferredLft = l.ValidLft / 2
	}
	return l
}

// arguments are those of a command that gives the lease.
func (h *History) arguments(l *lease.Lease) object {
	args := object{
		"ip-address": l.Addr.String(), "subnet-id": l.SubnetID, "valid-lft": l.ValidLft, "state": l.State,
		"hostname": l.Hostname,
	}
	if l.CLTT != time.Now().Unix() {
		args["expire"] = l.CLTT + int64(l.ValidLft)
	}
	if len(l.HWAddr) > 0 {
		args["hw-address"] = colons(l.HWAddr)
	}
	if h.Family == ctrl.V4 {
		if len(l.ClientID) > 0 {
			args["client-id"] = colons(l.ClientID)
		}
		return args
	}
	args["duid"], args["iaid"], args["preferred-lft"] = colons(l.ClientID), l.IAID, l.PreferredLft
	h.name(args, l.Key())
	if l.Type == lease.PD {
		args["prefix-len"] = l.PrefixLen
	}
	return args
}

// name adds by what a lease is looked up.
func (h *History) name(args object, k lease.Key) {
	args["ip-address"] = k.Addr.String()
	if h.Family == ctrl.V6 {
		args["type"] = k.Type.String()
	}
}

func colons(b []byte) string {
	text := make([]string, len(b))
	for i, c := range b {
		text[i] = fmt.Sprintf("%02x", c)
	}
	return strings.Join(text, ":")
}

// fits says whether a lease is of a subnet that is served, and within it unless
// it is a prefix.
func (h *History) fits(l *lease.Lease) bool {
	return slices.ContainsFunc(h.Subnets, func(s ctrl.Subnet) bool {
		return s.ID == l.SubnetID && (l.Type == lease.PD || s.Prefix.Contains(l.Addr))
	})
}

func (h *History) add(l lease.Lease) {
	_, there := h.Leases[l.Key()]
	if there || !h.fits(&l) {
		h.run("add", h.arguments(&l), ctrl.Conflict)
		h.Judge("refused add", nil)
		return
	}
	h.run("add", h.arguments(&l), ctrl.Success)
	h.Judge("add", is(l))
	h.needs("add", l)
}

func (h *History) update(l lease.Lease, create bool) {
	args := h.arguments(&l)
	args["force-create"] = create
	_, there := h.Leases[l.Key()]
	if !there && !create || !h.fits(&l) {
		h.run("update", args, ctrl.Conflict)
		h.Judge("refused update", nil)
		return
	}
	h.run("update", args, ctrl.Success)
	h.Judge("update", is(l))
	h.needs("update", l)
}

func (h *History) del(k lease.Key) {
	args := object{}
	h.name(args, k)
	if _, there := h.Leases[k]; !there {
		h.run("del", args, ctrl.Empty)
		h.Judge("del of nothing", nil)
		return
	}
	h.run("del", args, ctrl.Success)
	h.Judge("del", gone(func(l *lease.Lease) bool { return l.Key() == k }))
	h.needsNone("del", k)
}

// delByClient deletes what a client has in a subnet: the one with the lowest
// address; in DHCPv6 nobody can mean one of several.
func (h *History) delByClient(l lease.Lease, who Client) {
	args := object{"subnet-id": 1, "identifier-type": "hw-address", "identifier": colons(who.HWAddr)}
	mine := func(l *lease.Lease) bool { return len(who.HWAddr) > 0 && string(l.HWAddr) == string(who.HWAddr) }
	if h.Family == ctrl.V6 {
		args = object{"subnet-id": 1, "identifier-type": "duid", "identifier": colons(who.ID), "iaid": who.IAID, "type": l.Type.String()}
		mine = func(other *lease.Lease) bool {
			return other.Type == l.Type && string(other.ClientID) == string(who.ID) && other.IAID == who.IAID
		}
	}
	var keys []lease.Key
	for _, k := range keysOf(h.Leases, nil) {
		if l := leaseIn(h.Leases, k); l.SubnetID == 1 && mine(l) {
			keys = append(keys, k)
		}
	}
	switch {
	case len(keys) == 0:
		h.run("del", args, ctrl.Empty)
	case len(keys) > 1 && h.Family == ctrl.V6:
		h.run("del", args, ctrl.Error)
		keys = nil
	default:
		h.run("del", args, ctrl.Success)
	}
	h.Judge("del by client", gone(func(l *lease.Lease) bool { return len(keys) > 0 && l.Key() == keys[0] }))
	if len(keys) > 0 {
		h.needsNone("del by client", keys[0])
	}
}

func (h *History) get(k lease.Key) {
	args := object{}
	h.name(args, k)
	want := leaseIn(h.Leases, k)
	if want == nil {
		h.run("get", args, ctrl.Empty)
		return
	}
	h.same("get", h.run("get", args, ctrl.Success).Arguments, []lease.Lease{*want})
}

// list runs a command that finds leases.
func (h *History) list(name string, args object, is func(*lease.Lease) bool) {
	var want []lease.Lease
	for _, k := range keysOf(h.Leases, nil) {
		if l := leaseIn(h.Leases, k); is(l) {
			want = append(want, *l)
		}
	}
	result := ctrl.Success
	if len(want) == 0 {
		result = ctrl.Empty
	}
	h.same(name, h.run(name, args, result).Arguments, want)
}

func (h *History) getByClient(who Client) {
	if len(who.HWAddr) > 0 {
		h.list("get-by-hw-address", object{"hw-address": colons(who.HWAddr)}, func(l *lease.Lease) bool { return string(l.HWAddr) == string(who.HWAddr) })
	}
	if len(who.ID) > 0 {
		name := map[ctrl.Family]string{ctrl.V4: "client-id", ctrl.V6: "duid"}[h.Family]
		h.list("get-by-"+name, object{name: colons(who.ID)}, func(l *lease.Lease) bool { return string(l.ClientID) == string(who.ID) })
	}
}

// page goes through all leases, some at a time.
func (h *History) page(limit int) {
	from := "start"
	var found []lease.Lease
	for {
		r := h.run("get-page", object{"from": from, "limit": limit}, ctrl.Success, ctrl.Empty)
		page := r.Arguments.(*ctrl.LeaseList).Leases
		if (len(page) == 0) != (r.Result == ctrl.Empty) {
			h.Failf("get-page: %d leases, result %d", len(page), r.Result)
		}
		if len(page) == 0 {
			break
		}
		found = append(found, page...)
		from = page[len(page)-1].Addr.String()
	}
	var want []lease.Lease
	for _, k := range keysOf(h.Leases, nil) {
		want = append(want, *leaseIn(h.Leases, k))
	}
	h.same("get-page", found, want)
}

// same compares what a command has found, as a client reads it.
func (h *History) same(step string, found any, want []lease.Lease) {
	h.T.Helper()
	raw, err := written(found)
	if err != nil {
		h.Failf("%s: %v", step, err)
	}
	var list struct{ Leases []lease.Lease }
	switch {
	case raw[0] == '[':
		err = json.Unmarshal(raw, &list.Leases)
	case json.Unmarshal(raw, &list) != nil || list.Leases == nil && step == "get":
		list.Leases = make([]lease.Lease, 1)
		err = json.Unmarshal(raw, &list.Leases[0])
	}
	if err != nil {
		h.Failf("%s: %v: %s", step, err, raw)
	}
	if len(list.Leases) != len(want) {
		h.Failf("%s: %d leases, which should be %d: %s", step, len(list.Leases), len(want), raw)
	}
	for i, l := range list.Leases {
		if differ(&l, &want[i]) {
			h.Failf("%s: %s is not %s", step, l.AppendUpdate(nil), want[i].AppendUpdate(nil))
		}
	}
}

// wipe deletes the leases of a subnet; 0: of all that are served.
func (h *History) wipe(subnet uint32) {
	of := func(l *lease.Lease) bool {
		return l.SubnetID == subnet || subnet == 0 && slices.ContainsFunc(h.Subnets, func(s ctrl.Subnet) bool { return s.ID == l.SubnetID })
	}
	n := 0
	for _, l := range h.Leases {
		if of(&l) {
			n++
		}
	}
	args, result := object{"subnet-id": subnet}, ctrl.Success
	if n == 0 {
		result = ctrl.Empty
	}
	h.run("wipe", args, result)
	h.Judge("wipe", gone(of))
	for k, l := range h.Leases {
		if of(&l) {
			h.Failf("%v is still there", k)
		}
	}
}

// bulk deletes a lease and gives another one, in one command.
func (h *History) bulk(k lease.Key, l lease.Lease) {
	if h.Family != ctrl.V6 {
		return // it is of DHCPv6
	}
	name := object{}
	h.name(name, k)
	args := object{"deleted-leases": []object{name}, "leases": []object{h.arguments(&l)}}
	if !h.fits(&l) {
		h.run("bulk-apply", args, ctrl.Error)
		h.Judge("refused bulk-apply", nil)
		return
	}
	_, there := h.Leases[k]
	r := h.run("bulk-apply", args, ctrl.Success)
	if there == (r.Arguments != nil) {
		h.Failf("bulk-apply says %v of a removal, when the lease was there: %v", r.Arguments, there)
	}
	h.Judge("bulk-apply", func(c *Change) string {
		if c.Is == nil && c.Was.Key() == k {
			return ""
		}
		return is(l)(c)
	})
	if k != l.Key() {
		h.needsNone("bulk-apply", k)
	}
	h.needs("bulk-apply", l)
}

// turn switches the service off or on, where there is such a switch.
func (h *History) turn(how byte) {
	if h.Mux.Handler("dhcp-disable") == nil {
		return
	}
	switch how % 3 {
	case 0:
		h.runNamed("dhcp-enable", nil, ctrl.Success)
		h.enabled()
	case 1:
		h.runNamed("dhcp-disable", nil, ctrl.Success)
		h.disabled(0)
	default:
		h.runNamed("dhcp-disable", object{"max-period": 20}, ctrl.Success)
		h.disabled(20)
	}
	h.Judge("switch", nil)
}

// is judges that nothing changes but that there is a lease.
func is(want lease.Lease) func(*Change) string {
	return func(c *Change) string {
		switch {
		case c.Is == nil:
			return "it is gone"
		case differ(c.Is, &want):
			return fmt.Sprintf("%s is not %s", c.Is.AppendUpdate(nil), want.AppendUpdate(nil))
		}
		return ""
	}
}

// gone judges that nothing changes but that leases are gone.
func gone(which func(*lease.Lease) bool) func(*Change) string {
	return func(c *Change) string {
		if c.Is != nil || !which(c.Was) {
			return "it was to stay"
		}
		return ""
	}
}

// differ says whether two leases differ in what clients of commands see of them.
func differ(a, b *lease.Lease) bool {
	return string(a.AppendUpdate(nil)) != string(b.AppendUpdate(nil))
}

// needs says that there is a lease after a step.
func (h *History) needs(step string, want lease.Lease) {
	if l := leaseIn(h.Leases, want.Key()); l == nil || differ(l, &want) {
		h.Failf("%s: %s is not there", step, want.AppendUpdate(nil))
	}
}

func (h *History) needsNone(step string, k lease.Key) {
	if l := leaseIn(h.Leases, k); l != nil {
		h.Failf("%s: %s is still there", step, l.AppendUpdate(nil))
	}
}

// written is JSON as a server writes it.
func written(v any) ([]byte, error) {
	if long, ok := v.(interface{ AppendJSON([]byte) ([]byte, error) }); ok {
		return long.AppendJSON(nil)
	}
	return json.Marshal(v)
}
