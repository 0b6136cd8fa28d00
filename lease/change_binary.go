package lease

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// AppendBinary appends the change as UnmarshalBinary reads it: its revision as
// a varint, and its row as the store keeps it, without a checksum. That is
// about 40 bytes. It has no length in front and none is found in it: who
// writes several has to say where each ends. Source and If are left out, as
// they mean nothing to another server.
func (c *Change) AppendBinary(b []byte) ([]byte, error) {
	if err := c.valid(); err != nil {
		return b, fmt.Errorf("lease: change of %v: %w", c.Lease.Addr, err)
	}
	b = binary.AppendUvarint(b, c.Lease.Revision)
	if c.Delete {
		return appendRemoved(b, c.Lease.Key(), c.Lease.CLTT, 0), nil
	}
	return appendLease(b, &c.Lease, 0), nil
}

// UnmarshalBinary makes c the change that AppendBinary has written, which is
// just the whole of b. Anything else is an error, as is a change that no store
// would take. The texts of the lease may be parts of b, which is not to be
// modified as long as they are used.
func (c *Change) UnmarshalBinary(b []byte) error {
	got, err := parseChange(b)
	if err == nil {
		err = got.valid()
	}
	if err != nil {
		return fmt.Errorf("lease: binary change: %w", err)
	}
	*c = got
	return nil
}

func parseChange(b []byte) (Change, error) {
	d := rowReader{b: b}
	rev := d.number(math.MaxUint64)
	if d.err != nil {
		return Change{}, d.err
	}
	r, err := parsePayload(d.b)
	switch {
	case err != nil:
	case r.source != 0:
		err = errors.New("a source is given")
	case r.removed && len(d.b) == 1+r.Addr.BitLen()/8: // as in files of format 1
		err = errRowShort
	}
	return Change{Lease: r.view(rev), Delete: r.removed}, err
}

// valid says whether the change can be made, and what is wrong if not.
func (c *Change) valid() error {
	if !c.Delete {
		return c.Lease.valid()
	}
	if err := c.Lease.Key().valid(); err != nil {
		return err
	}
	return validCLTT(c.Lease.CLTT)
}
