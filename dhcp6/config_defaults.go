package dhcp6

// DefaultParams returns the parameters of a configuration that sets none.
// They are the defaults of Kea 3.0. Those that stay nil have none: the preferred
// lifetime is 5/8 of the valid one (Kea 2.2 says 3600 seconds), minimal and
// maximal lifetimes equal the usual ones, T1 and T2 are calculated, nothing is
// cached.
func DefaultParams() Params {
	return Params{
		ValidLifetime:            new(uint32(7200)),
		CalculateTeeTimes:        new(true),
		T1Percent:                new(0.5),
		T2Percent:                new(0.8),
		CacheThreshold:           new(0.25),
		Allocator:                new("iterative"),
		PDAllocator:              new("iterative"),
		RapidCommit:              new(false),
		StoreExtendedInfo:        new(false),
		ReservationsGlobal:       new(false),
		ReservationsInSubnet:     new(true),
		ReservationsOutOfPool:    new(false),
		HostnameCharSet:          new("[^A-Za-z0-9.-]"),
		HostnameCharReplacement:  new(""),
		DDNSReplaceClientName:    new("never"),
		DDNSGeneratedPrefix:      new("myhost"),
		DDNSQualifyingSuffix:     new(""),
		DDNSOverrideNoUpdate:     new(false),
		DDNSOverrideClientUpdate: new(false),
	}
}
