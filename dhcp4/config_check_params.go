package dhcp4

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// params checks the parameters of one level, given what is in effect there.
// Where the mistake lies in values of several levels, it is reported at the
// lowest of them.
func (ck *checker) params(path, level string, own, effective *Params) {
	if level != "" {
		ck.misplaced(path, level, own)
	}
	ck.lifetimes(path, own, effective)

	if own.Allocator != nil {
		ck.oneOf(at(path, "allocator"), *own.Allocator, "iterative", "random", "flq")
	}
	if f := own.CacheThreshold; f != nil && (*f <= 0 || *f >= 1) {
		ck.Errorf(at(path, "cache-threshold"), "%v must be greater than 0 and less than 1", *f)
	}
	if m := own.ReservationMode; m != nil {
		ck.oneOf(at(path, "reservation-mode"), *m, "disabled", "off", "out-of-pool", "global", "all")
		if own.ReservationsGlobal != nil || own.ReservationsInSubnet != nil || own.ReservationsOutOfPool != nil {
			ck.Errorf(at(path, "reservation-mode"), "cannot be given together with reservations-global, reservations-in-subnet or reservations-out-of-pool, which replace it")
		}
	}

	if own.NextServer != nil && !own.NextServer.Is4() {
		ck.Errorf(at(path, "next-server"), "%s is not an IPv4 address", own.NextServer)
	}
	if s := own.ServerHostname; s != nil && len(*s) > 63 {
		ck.Errorf(at(path, "server-hostname"), "has %d bytes; the field sname takes 63", len(*s))
	}
	if s := own.BootFileName; s != nil && len(*s) > 127 {
		ck.Errorf(at(path, "boot-file-name"), "has %d bytes; the field file takes 127", len(*s))
	}

	if s := own.HostnameCharSet; s != nil {
		if _, err := regexp.Compile(*s); err != nil {
			ck.Errorf(at(path, "hostname-char-set"), "is not a regular expression: %v", err)
		}
	}
	if s := own.DDNSReplaceClientName; s != nil {
		ck.oneOf(at(path, "ddns-replace-client-name"), *s, "never", "always", "when-present", "when-not-present")
	}
	if s := own.DDNSConflictResolutionMode; s != nil {
		ck.oneOf(at(path, "ddns-conflict-resolution-mode"), *s,
			"check-with-dhcid", "no-check-with-dhcid", "check-exists-with-dhcid", "no-check-without-dhcid")
	}
}

// paramsAlone checks the parameters of a level whose mistakes do not depend on
// what is in effect above it. There may be very many such levels, most without
// any parameter.
func (ck *checker) paramsAlone(path, level string, own *Params) {
	if *own == (Params{}) {
		return
	}
	effective := own.Inherit(DefaultParams())
	ck.params(path, level, own, &effective)
}

// lifetimes checks the order of the lifetimes, and that of T1 and T2.
func (ck *checker) lifetimes(path string, own, effective *Params) {
	least, valid, most := effective.MinValidLifetime, *effective.ValidLifetime, effective.MaxValidLifetime
	switch {
	case own.ValidLifetime == nil && own.MinValidLifetime == nil && own.MaxValidLifetime == nil:
	case least != nil && most != nil && *least > *most:
		ck.Errorf(at(path, "min-valid-lifetime"), "%d is greater than max-valid-lifetime, which is %d", *least, *most)
	case least != nil && *least > valid:
		ck.Errorf(at(path, "min-valid-lifetime"), "%d is greater than valid-lifetime, which is %d", *least, valid)
	case most != nil && valid > *most:
		ck.Errorf(at(path, "max-valid-lifetime"), "%d is less than valid-lifetime, which is %d", *most, valid)
	}

	t1, t2 := effective.RenewTimer, effective.RebindTimer
	if (own.RenewTimer != nil || own.RebindTimer != nil) && t1 != nil && t2 != nil && *t1 > *t2 {
		ck.Errorf(at(path, "renew-timer"), "%d is greater than rebind-timer, which is %d", *t1, *t2)
	}
	if !*effective.CalculateTeeTimes || own.CalculateTeeTimes == nil && own.T1Percent == nil && own.T2Percent == nil {
		return // as with Kea, shares that are not used may be anything
	}
	p1, p2 := *effective.T1Percent, *effective.T2Percent
	switch {
	case p1 <= 0 || p1 >= 1:
		ck.Errorf(at(path, "t1-percent"), "%v must be greater than 0 and less than 1", p1)
	case p2 <= 0 || p2 >= 1:
		ck.Errorf(at(path, "t2-percent"), "%v must be greater than 0 and less than 1", p2)
	case p1 >= p2:
		ck.Errorf(at(path, "t1-percent"), "%v must be less than t2-percent, which is %v", p1, p2)
	}
}

// misplaced reports parameters that do not apply at a level.
func (ck *checker) misplaced(path, level string, own *Params) {
	v := reflect.ValueOf(own).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !v.Field(i).IsNil() && !slices.Contains(strings.Fields(f.Tag.Get("at")), level) {
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			ck.Errorf(at(path, key), "cannot be given here, only globally, for a shared network or for a subnet")
		}
	}
}
