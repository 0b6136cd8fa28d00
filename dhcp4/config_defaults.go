package dhcp4

import "net/netip"

// DefaultParams returns the parameters of a configuration that sets none.
// They are the defaults of Kea 2.2 to 3.0. Those that stay nil have none:
// the minimal and maximal lifetime equal valid-lifetime, T1 and T2 are not
// sent, nothing is cached.
func DefaultParams() Params {
	return Params{
		ValidLifetime:            new(uint32(7200)),
		OfferLifetime:            new(uint32(0)),
		CalculateTeeTimes:        new(false),
		T1Percent:                new(0.5),
		T2Percent:                new(0.875),
		CacheThreshold:           new(0.25),
		Allocator:                new("iterative"),
		Authoritative:            new(false),
		MatchClientID:            new(true),
		RapidCommit:              new(false),
		StoreExtendedInfo:        new(false),
		ReservationsGlobal:       new(false),
		ReservationsInSubnet:     new(true),
		ReservationsOutOfPool:    new(false),
		NextServer:               new(netip.IPv4Unspecified()),
		ServerHostname:           new(""),
		BootFileName:             new(""),
		HostnameCharSet:          new("[^A-Za-z0-9.-]"),
		HostnameCharReplacement:  new(""),
		DDNSReplaceClientName:    new("never"),
		DDNSGeneratedPrefix:      new("myhost"),
		DDNSQualifyingSuffix:     new(""),
		DDNSOverrideNoUpdate:     new(false),
		DDNSOverrideClientUpdate: new(false),
	}
}
