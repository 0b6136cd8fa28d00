package conf

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Params checks the parameters of one level that both families have, given
// what is in effect there. Where the mistake lies in values of several levels,
// it is reported at the lowest of them.
func (ck *Checker) Params(path string, own, effective Params) {
	ck.timers(path, own, effective)
	if own.Allocator != nil {
		ck.Allocator(At(path, "allocator"), *own.Allocator)
	}
	if f := own.CacheThreshold; f != nil && (*f <= 0 || *f >= 1) {
		ck.Errorf(At(path, "cache-threshold"), "%v must be greater than 0 and less than 1", *f)
	}
	if m := own.ReservationMode; m != nil {
		ck.OneOf(At(path, "reservation-mode"), *m, "disabled", "off", "out-of-pool", "global", "all")
		if own.ReservationsGlobal != nil || own.ReservationsInSubnet != nil || own.ReservationsOutOfPool != nil {
			ck.Errorf(At(path, "reservation-mode"), "cannot be given together with reservations-global, reservations-in-subnet or reservations-out-of-pool, which replace it")
		}
	}
	if s := own.HostnameCharSet; s != nil {
		if _, err := regexp.Compile(*s); err != nil {
			ck.Errorf(At(path, "hostname-char-set"), "is not a regular expression: %v", err)
		}
	}
	if s := own.DDNSReplaceClientName; s != nil {
		ck.OneOf(At(path, "ddns-replace-client-name"), *s, "never", "always", "when-present", "when-not-present")
	}
	if s := own.DDNSConflictResolutionMode; s != nil {
		ck.OneOf(At(path, "ddns-conflict-resolution-mode"), *s,
			"check-with-dhcid", "no-check-with-dhcid", "check-exists-with-dhcid", "no-check-without-dhcid")
	}
}

// Allocator checks the name of a way to choose free addresses or prefixes.
func (ck *Checker) Allocator(path, name string) { ck.OneOf(path, name, "iterative", "random", "flq") }

// Lifetime is a lifetime that clients are given who ask for none, and the
// bounds for one that asks. Name is valid-lifetime or preferred-lifetime.
type Lifetime struct {
	Name            string
	Least, It, Most *uint32
}

// Lifetime checks the order of a lifetime and its bounds. Bounds without the
// lifetime itself are those of a level that knows nothing of the others, or of
// a lifetime that has no default.
func (ck *Checker) Lifetime(path string, own, effective Lifetime) {
	least, it, most := effective.Least, effective.It, effective.Most
	switch {
	case own.It == nil && own.Least == nil && own.Most == nil:
	case least != nil && most != nil && *least > *most:
		ck.Errorf(At(path, "min-"+own.Name), "%d is greater than max-%s, which is %d", *least, own.Name, *most)
	case least != nil && most != nil && it == nil:
		ck.Errorf(At(path, "min-"+own.Name), "cannot be given together with max-%[1]s without %[1]s", own.Name)
	case it == nil:
	case least != nil && *least > *it:
		ck.Errorf(At(path, "min-"+own.Name), "%d is greater than %s, which is %d", *least, own.Name, *it)
	case most != nil && *it > *most:
		ck.Errorf(At(path, "max-"+own.Name), "%d is less than %s, which is %d", *most, own.Name, *it)
	}
}

// timers checks the order of T1 and T2.
func (ck *Checker) timers(path string, own, effective Params) {
	t1, t2 := effective.RenewTimer, effective.RebindTimer
	if (own.RenewTimer != nil || own.RebindTimer != nil) && t1 != nil && t2 != nil && *t1 > *t2 {
		ck.Errorf(At(path, "renew-timer"), "%d is greater than rebind-timer, which is %d", *t1, *t2)
	}
	if !*effective.CalculateTeeTimes || own.CalculateTeeTimes == nil && own.T1Percent == nil && own.T2Percent == nil {
		return // as with Kea, shares that are not used may be anything
	}
	p1, p2 := *effective.T1Percent, *effective.T2Percent
	switch {
	case p1 <= 0 || p1 >= 1:
		ck.Errorf(At(path, "t1-percent"), "%v must be greater than 0 and less than 1", p1)
	case p2 <= 0 || p2 >= 1:
		ck.Errorf(At(path, "t2-percent"), "%v must be greater than 0 and less than 1", p2)
	case p1 >= p2:
		ck.Errorf(At(path, "t1-percent"), "%v must be less than t2-percent, which is %v", p1, p2)
	}
}

// Misplaced reports members of a level's parameters, a struct of pointers,
// that do not apply there: the tag at of a member names the levels that may
// have it beside the global one, shared networks and subnets.
func (ck *Checker) Misplaced(path, level string, params any) {
	v := reflect.ValueOf(params).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !v.Field(i).IsNil() && !slices.Contains(strings.Fields(f.Tag.Get("at")), level) {
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			ck.Errorf(At(path, key), "cannot be given here, only globally, for a shared network or for a subnet")
		}
	}
}
