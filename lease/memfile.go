package lease

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// column is one column of Kea's lease files, in both directions.
type column struct {
	name  string
	read  func(r *fileRow, s string) error
	write func(b []byte, l *Lease) []byte
}

// fileRow is what has been read of a row.
type fileRow struct {
	Lease
	expire int64
}

// The columns in their order, up to those of the newest Kea. Older files end
// earlier, but never before "hostname".
var (
	columns4 = []column{
		addressColumn, hwAddrColumn,
		hexColumn("client_id", func(l *Lease) *[]byte { return &l.ClientID }),
		validColumn, expireColumn, subnetColumn, fwdColumn, revColumn,
		hostnameColumn, stateColumn, contextColumn, poolColumn,
	}
	columns6 = []column{
		addressColumn, duidColumn, validColumn, expireColumn, subnetColumn,
		numberColumn("pref_lifetime", func(l *Lease) *uint32 { return &l.PreferredLft }),
		typeColumn,
		numberColumn("iaid", func(l *Lease) *uint32 { return &l.IAID }),
		prefixLenColumn, fwdColumn, revColumn, hostnameColumn,
		hwAddrColumn, stateColumn, contextColumn, hwTypeColumn, hwSourceColumn, poolColumn,
	}

	validColumn  = numberColumn("valid_lifetime", func(l *Lease) *uint32 { return &l.ValidLft })
	subnetColumn = numberColumn("subnet_id", func(l *Lease) *uint32 { return &l.SubnetID })
	poolColumn   = numberColumn("pool_id", func(l *Lease) *uint32 { return &l.PoolID })
	fwdColumn    = flagColumn("fqdn_fwd", func(l *Lease) *bool { return &l.FQDNFwd })
	revColumn    = flagColumn("fqdn_rev", func(l *Lease) *bool { return &l.FQDNRev })
	hwAddrColumn = hexColumn("hwaddr", func(l *Lease) *[]byte { return &l.HWAddr })
)

func columnsOf(v6 bool) []column {
	if v6 {
		return columns6
	}
	return columns4
}

// decimal parses a number, saying what range it must be in.
func decimal(s string, most uint64) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > most {
		return 0, fmt.Errorf("not a number from 0 to %d", most)
	}
	return n, nil
}

func numberColumn(name string, field func(*Lease) *uint32) column {
	return column{
		name: name,
		read: func(r *fileRow, s string) error {
			n, err := decimal(s, math.MaxUint32)
			*field(&r.Lease) = uint32(n)
			return err
		},
		write: func(b []byte, l *Lease) []byte { return strconv.AppendUint(b, uint64(*field(l)), 10) },
	}
}

func flagColumn(name string, field func(*Lease) *bool) column {
	return column{
		name: name,
		read: func(r *fileRow, s string) error {
			if s != "0" && s != "1" {
				return errors.New("neither 0 nor 1")
			}
			*field(&r.Lease) = s == "1"
			return nil
		},
		write: func(b []byte, l *Lease) []byte {
			if *field(l) {
				return append(b, '1')
			}
			return append(b, '0')
		},
	}
}

func hexColumn(name string, field func(*Lease) *[]byte) column {
	return column{
		name: name,
		read: func(r *fileRow, s string) (err error) {
			if s != "" {
				*field(&r.Lease), err = keatext.ParseColonHex(s)
			}
			return err
		},
		write: func(b []byte, l *Lease) []byte { return keatext.AppendHex(b, *field(l)) },
	}
}

var addressColumn = column{
	name: "address",
	read: func(r *fileRow, s string) (err error) {
		r.Addr, err = netip.ParseAddr(s)
		if err == nil && r.Addr.Is4() != (r.Type == V4) {
			err = errors.New("an address of the other family")
		}
		return err
	},
	write: func(b []byte, l *Lease) []byte { return l.Addr.AppendTo(b) },
}

// The end of an infinite lease is written as if it had one.
var expireColumn = column{
	name: "expire",
	read: func(r *fileRow, s string) error {
		n, err := decimal(s, maxCLTT+math.MaxUint32)
		r.expire = int64(n)
		return err
	},
	write: func(b []byte, l *Lease) []byte { return strconv.AppendInt(b, l.CLTT+int64(l.ValidLft), 10) },
}

var hostnameColumn = column{
	name:  "hostname",
	read:  func(r *fileRow, s string) error { r.Hostname = unescape(s); return nil },
	write: func(b []byte, l *Lease) []byte { return appendEscaped(b, l.Hostname) },
}

var stateColumn = column{
	name: "state",
	read: func(r *fileRow, s string) error {
		n, err := decimal(s, uint64(Registered))
		r.State = State(n)
		return err
	},
	write: func(b []byte, l *Lease) []byte { return strconv.AppendUint(b, uint64(l.State), 10) },
}

var contextColumn = column{
	name: "user_context",
	read: func(r *fileRow, s string) error {
		if s == "" {
			return nil
		}
		text, err := keatext.Decode([]byte(unescape(s)))
		var b bytes.Buffer
		if err == nil {
			err = json.Compact(&b, text)
		}
		r.UserContext = b.Bytes()
		return err
	},
	write: func(b []byte, l *Lease) []byte {
		if len(l.UserContext) == 0 {
			return b
		}
		return appendEscaped(b, string(keatext.Encode(l.UserContext)))
	},
}

var duidColumn = column{
	name: "duid",
	read: func(r *fileRow, s string) (err error) {
		if s != "" {
			r.ClientID, err = keatext.ParseColonHex(s)
		}
		return err
	},
	write: func(b []byte, l *Lease) []byte {
		if len(l.ClientID) == 0 {
			return keatext.AppendHex(b, noDUID)
		}
		return keatext.AppendHex(b, l.ClientID)
	},
}

var typeColumn = column{
	name: "lease_type",
	read: func(r *fileRow, s string) error {
		switch s {
		case "0":
			r.Type = NA
		case "2":
			r.Type = PD
		default:
			return errors.New("neither 0 (IA_NA) nor 2 (IA_PD)")
		}
		return nil
	},
	write: func(b []byte, l *Lease) []byte {
		if l.Type == PD {
			return append(b, '2')
		}
		return append(b, '0')
	},
}

var prefixLenColumn = column{
	name: "prefix_len",
	read: func(r *fileRow, s string) error {
		n, err := decimal(s, 128)
		if r.Type == PD {
			r.PrefixLen = uint8(n)
		}
		return err
	},
	write: func(b []byte, l *Lease) []byte {
		if l.Type == PD {
			return strconv.AppendUint(b, uint64(l.PrefixLen), 10)
		}
		return append(b, "128"...)
	},
}

// Without a hardware address its type and source mean nothing.
var hwTypeColumn = column{
	name: "hwtype",
	read: func(r *fileRow, s string) error {
		if len(r.HWAddr) == 0 {
			return nil
		}
		if s == "" {
			s = "1" // as Kea has it: Ethernet
		}
		n, err := decimal(s, math.MaxUint16)
		r.HWType = uint16(n)
		return err
	},
	write: func(b []byte, l *Lease) []byte { return strconv.AppendUint(b, uint64(l.HWType), 10) },
}

var hwSourceColumn = column{
	name: "hwaddr_source",
	read: func(r *fileRow, s string) error {
		if s == "" || len(r.HWAddr) == 0 {
			return nil
		}
		n, err := decimal(s, math.MaxUint32)
		r.HWSource = uint32(n)
		return err
	},
	write: func(b []byte, l *Lease) []byte { return strconv.AppendUint(b, uint64(l.HWSource), 10) },
}
