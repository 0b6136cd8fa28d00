package dhcp6

import "github.com/insomniacslk/dhcp/dhcpv6"

// Codes of the options that classes, subnets and configured options depend on.
const (
	optClientID          = dhcpv6.OptionClientID
	optRequest           = dhcpv6.OptionORO
	optVendorClass       = dhcpv6.OptionVendorClass
	optVendorOpts        = dhcpv6.OptionVendorOpts
	optInterfaceID       = dhcpv6.OptionInterfaceID
	optRemoteID          = dhcpv6.OptionRemoteID
	optERPLocalDomain    = dhcpv6.OptionERPLocalDomainName
	optRelaySupplied     = dhcpv6.OptionRSOO
	optExclude           = dhcpv6.OptionPDExclude
	optClientLinkAddress = dhcpv6.OptionClientLinkLayerAddr
)

// cableLabs is an enterprise whose clients list the options they want in an
// option of its own, and tell their hardware address in another.
const (
	cableLabs         = 4491
	cableLabsRequest  = 1
	cableLabsDeviceID = 36
	cableLabsModemMAC = 1026 // from the CMTS, which is a relay agent
	maxHWAddr         = 20   // bytes; longer ones Kea does not take
	hwTypeEthernet    = 1
)
