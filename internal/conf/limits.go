package conf

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keajson"
	"github.com/dhcpha/dhcpha/internal/option"
)

// Limits are how many addresses, and prefixes, the clients behind one port of a
// relay agent and those behind one relay agent may have at a time; nil: any
// number. They are the member limits of a user-context, as Kea's limits are.
type Limits struct {
	PortAddresses  *uint32 `json:"port-address-limit"`
	PortPrefixes   *uint32 `json:"port-prefix-limit"`
	RelayAddresses *uint32 `json:"relay-address-limit"`
	RelayPrefixes  *uint32 `json:"relay-prefix-limit"`
}

// LimitsOf returns the limits that a user-context has.
func LimitsOf(userContext json.RawMessage) Limits {
	var members struct {
		Limits Limits `json:"limits"`
	}
	if len(userContext) > 0 {
		_ = json.Unmarshal(userContext, &members) // what is wrong has been reported
	}
	return members.Limits
}

// Inherit returns the limits with those that are not set taken from the level
// above.
func (l Limits) Inherit(above Limits) Limits { return Inherit(l, above) }

// Any says whether there is a limit.
func (l Limits) Any() bool { return l != Limits{} }

// Limited is what a level of the configuration says of limits, and of whether
// leases keep what they are counted by.
type Limited struct {
	UserContext       json.RawMessage
	StoreExtendedInfo *bool
}

// Limits checks the limits of one level, given those above it and whether
// store-extended-info is in effect there. It returns those in effect.
func (ck *Checker) Limits(path string, own Limited, above Limits, stored bool) Limits {
	ck.limits(path, own.UserContext, func(at, name string, value json.RawMessage) {
		var n uint32
		switch {
		case ck.Family == option.V4 && strings.Contains(name, "prefix"):
			ck.Errorf(at, "there are no prefixes in DHCPv4; remove it")
		case string(value) == "null" || json.Unmarshal(value, &n) != nil:
			ck.Errorf(at, "must be an integer, 0 to %d, not %s", uint32(math.MaxUint32), value)
		}
	})
	limits := LimitsOf(own.UserContext)
	effective := limits.Inherit(above)
	if (limits.Any() || own.StoreExtendedInfo != nil) && effective.Any() && !stored {
		ck.Errorf(At(path, "user-context.limits"), `needs "store-extended-info": true here: leases are counted by what they keep of the relay agent`)
	}
	return effective
}

// NoLimits checks that there are no limits where there can be none.
func (ck *Checker) NoLimits(path string, userContext json.RawMessage) {
	ck.limits(path, userContext, func(at, _ string, _ json.RawMessage) {
		ck.Errorf(at, "cannot be given here, only globally, for a shared network or for a subnet")
	})
}

// limits goes through the limits of a user-context that this server has, and
// reports the others.
func (ck *Checker) limits(path string, userContext json.RawMessage, each func(at, name string, value json.RawMessage)) {
	var members struct {
		Limits json.RawMessage `json:"limits"`
	}
	if len(userContext) == 0 || json.Unmarshal(userContext, &members) != nil || members.Limits == nil {
		return
	}
	path = At(path, "user-context.limits")
	var limits map[string]json.RawMessage
	if json.Unmarshal(members.Limits, &limits) != nil || limits == nil {
		ck.Errorf(path, "must be an object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		at := At(path, name)
		switch name {
		case "port-address-limit", "port-prefix-limit", "relay-address-limit", "relay-prefix-limit":
			each(at, name, limits[name])
		case "address-limit", "prefix-limit", "rate-limit":
			refuseLimit(ck.Report, at, name)
		default:
			ck.Errorf(at, "unknown key")
		}
	}
}

// refuseLimit reports a limit that Kea has and these servers do not.
func refuseLimit(report *keajson.Report, at, name string) {
	report.Unsupportedf(at, "what is limited is what clients behind a port or a relay agent have; remove it, or write port-%[1]s or relay-%[1]s",
		strings.Replace(name, "rate", "address", 1))
}

// DropLimits reports Kea's limits in a user-context and leaves them out of it.
func DropLimits(report *keajson.Report, path string, userContext *json.RawMessage) {
	var members, limits map[string]json.RawMessage
	if len(*userContext) == 0 || json.Unmarshal(*userContext, &members) != nil || json.Unmarshal(members["limits"], &limits) != nil {
		return // what is wrong is reported where limits are checked
	}
	dropped := false
	for _, name := range []string{"address-limit", "prefix-limit", "rate-limit"} {
		if _, ok := limits[name]; ok {
			refuseLimit(report, At(At(path, "user-context.limits"), name), name)
			delete(limits, name)
			dropped = true
		}
	}
	if !dropped {
		return
	}
	if delete(members, "limits"); len(limits) > 0 {
		members["limits"], _ = json.Marshal(limits) // of what was JSON
	}
	if *userContext = nil; len(members) > 0 {
		*userContext, _ = json.Marshal(members)
	}
}
