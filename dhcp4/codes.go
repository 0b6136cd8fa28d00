package dhcp4

// Codes of the options that the engine itself deals with.
const (
	optSubnetMask     = 1
	optRouters        = 3
	optDNS            = 6
	optHostname       = 12
	optDomainName     = 15
	optLeaseTime      = 51
	optMessageType    = 53
	optServerID       = 54
	optRequestList    = 55
	optT1             = 58
	optT2             = 59
	optVendorClass    = 60
	optClientID       = 61
	optRapidCommit    = 80
	optClientFQDN     = 81
	optRelayInfo      = 82
	optIPv6Only       = 108
	optSubnetSelect   = 118
	optVendorClasses  = 124
	optVendorSpecific = 125
)

// Codes of sub-options of the relay agent information.
const (
	relayCircuitID        = 1
	relayLinkSelection    = 5
	relayServerIDOverride = 11
)
