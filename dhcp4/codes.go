package dhcp4

// Codes of the options that the engine itself deals with.
const (
	optPad            = 0
	optSubnetMask     = 1
	optRouters        = 3
	optDNS            = 6
	optHostname       = 12
	optDomainName     = 15
	optRequestedAddr  = 50
	optLeaseTime      = 51
	optOverload       = 52
	optMessageType    = 53
	optServerID       = 54
	optRequestList    = 55
	optMaxSize        = 57
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
	optEnd            = 255
)

// Codes of sub-options of the relay agent information.
const (
	relayCircuitID        = 1
	relayRemoteID         = 2
	relayLinkSelection    = 5
	relayServerIDOverride = 11
)
