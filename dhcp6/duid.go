package dhcp6

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// Types of DUIDs (RFC 9915, section 11.1).
const (
	duidLLT  = uint16(dhcpv6.DUID_LLT)
	duidEN   = uint16(dhcpv6.DUID_EN)
	duidLL   = uint16(dhcpv6.DUID_LL)
	duidUUID = uint16(dhcpv6.DUID_UUID)
)

const (
	// keaEnterprise is whose number Kea puts into a DUID of type EN for which
	// none is configured: ISC's.
	keaEnterprise = 2495
	// duidEpoch is when the time in a DUID starts: 2000-01-01 UTC.
	duidEpoch = 946684800
)

// persists says whether the DUID is kept for later starts.
func (c *ServerID) persists() bool { return c == nil || c.Persist == nil || *c.Persist }

// serverDUID returns what the server is to be known by: what is configured,
// what is not as it is stored, and what is neither anew. hardware finds a
// hardware address of the machine and its type.
func serverDUID(c *ServerID, stored []byte, hardware func() (uint16, []byte, error)) ([]byte, error) {
	if !c.persists() {
		stored = nil
	}
	if c == nil {
		if len(stored) > 0 {
			return stored, nil
		}
		duid, err := serverDUID(&ServerID{Type: "LLT"}, nil, hardware)
		if err != nil {
			// A machine without hardware addresses is known by what it has
			// drawn.
			return serverDUID(&ServerID{Type: "UUID"}, nil, hardware)
		}
		return duid, nil
	}
	switch c.Type {
	case "LLT":
		return linkLayerDUID(duidLLT, c, stored, hardware)
	case "LL":
		return linkLayerDUID(duidLL, c, stored, hardware)
	case "EN":
		return enterpriseDUID(c, stored), nil
	case "UUID":
		return uuidDUID(c, stored)
	default:
		return nil, fmt.Errorf("type %q is none of LLT, LL, EN and UUID", c.Type)
	}
}

// linkLayerDUID makes a DUID of type LLT or LL. Address and hardware type
// belong together: they are both configured, both stored or both found.
func linkLayerDUID(typ uint16, c *ServerID, stored []byte, hardware func() (uint16, []byte, error)) ([]byte, error) {
	was := splitLinkLayer(typ, stored)
	now := linkLayer{hwType: c.HType, time: c.Time, addr: c.Identifier}
	switch {
	case len(now.addr) > 0:
		now.hwType = cmp.Or(now.hwType, hwTypeEthernet)
	case was != nil:
		now.hwType, now.addr = cmp.Or(now.hwType, was.hwType), was.addr
	default:
		hwType, addr, err := hardware()
		if err != nil {
			return nil, err
		}
		now.hwType, now.addr = cmp.Or(now.hwType, hwType), addr
	}
	duid := binary.BigEndian.AppendUint16(nil, typ)
	duid = binary.BigEndian.AppendUint16(duid, now.hwType)
	if typ == duidLL {
		return append(duid, now.addr...), nil
	}
	if now.time == 0 && was != nil && was.hwType == now.hwType && bytes.Equal(was.addr, now.addr) {
		now.time = was.time
	}
	now.time = cmp.Or(now.time, uint32(time.Now().Unix()-duidEpoch))
	duid = binary.BigEndian.AppendUint32(duid, now.time)
	return append(duid, now.addr...), nil
}

// linkLayer is what is in a DUID of type LLT or LL.
type linkLayer struct {
	hwType uint16
	time   uint32 // LLT only
	addr   []byte
}

// splitLinkLayer reads a DUID of the type; nil: it is none.
func splitLinkLayer(typ uint16, duid []byte) *linkLayer {
	hwType, addr := hwAddrInDUID(duid)
	if duidType(duid) != typ || len(addr) == 0 {
		return nil
	}
	l := &linkLayer{hwType: hwType, addr: addr}
	if typ == duidLLT {
		l.time = binary.BigEndian.Uint32(duid[4:])
	}
	return l
}

// duidType returns the type of a DUID, 0 if it is none.
func duidType(duid []byte) uint16 {
	if len(duid) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(duid)
}

func enterpriseDUID(c *ServerID, stored []byte) []byte {
	const head = 2 + 4
	number, id := c.EnterpriseID, []byte(c.Identifier)
	if duidType(stored) == duidEN && len(stored) > head {
		number = cmp.Or(number, binary.BigEndian.Uint32(stored[2:]))
		if len(id) == 0 {
			id = stored[head:]
		}
	}
	if len(id) == 0 {
		id = make([]byte, 6) // as many as Kea draws
		rand.Read(id)
	}
	duid := binary.BigEndian.AppendUint16(nil, duidEN)
	duid = binary.BigEndian.AppendUint32(duid, cmp.Or(number, keaEnterprise))
	return append(duid, id...)
}

func uuidDUID(c *ServerID, stored []byte) ([]byte, error) {
	const length = 16
	id := []byte(c.Identifier)
	switch {
	case len(id) == length:
	case len(id) > 0:
		return nil, fmt.Errorf("a UUID of %d bytes, not %d", len(id), length)
	case duidType(stored) == duidUUID && len(stored) == 2+length:
		return stored, nil
	default:
		id = make([]byte, length)
		rand.Read(id)
		id[6] = id[6]&0x0f | 0x40 // RFC 9562: version 4, drawn at random
		id[8] = id[8]&0x3f | 0x80
	}
	return append(binary.BigEndian.AppendUint16(nil, duidUUID), id...), nil
}

// hardwareAddr returns the address of the machine's first interface that has
// one that tells machines apart.
func hardwareAddr() (uint16, []byte, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return 0, nil, err
	}
	for _, i := range interfaces {
		a := i.HardwareAddr
		if i.Flags&net.FlagLoopback == 0 && len(a) == 6 && !bytes.Equal(a, make([]byte, len(a))) {
			return hwTypeEthernet, a, nil
		}
	}
	return 0, nil, errors.New("no interface has a hardware address; configure an identifier")
}
