package hastatus

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/dhcpha/dhcpha/lease"
)

// leaseView is a page of leases.
type leaseView struct {
	Query  string
	After  string // empty: it is the first page
	Rows   []row
	Next   string // what to ask for to see more; empty: there is no more
	Note   string // what is to be known of the search
	Failed bool
}

// row is a lease.
type row struct {
	Addr    string
	Type    string // of an IPv6 lease
	Name    string
	HWAddr  string
	ID      string
	FullID  string // if ID is only its beginning
	SameID  bool   // it says no more than HWAddr
	State   string
	Level   level
	Expires string
	At      string
	Subnet  uint32
}

// leasesOf finds what a request asks for.
func (p *Page) leasesOf(r *http.Request) *leaseView {
	if p.opts.Leases == nil {
		return nil
	}
	asked := r.URL.Query()
	v := &leaseView{Query: strings.Map(shown, asked.Get("q"))}
	if len(v.Query) > maxQuery {
		v.Query, v.Failed, v.Note = "", true, fmt.Sprintf("What is searched may have %d bytes.", maxQuery)
		return v
	}
	after, err := netip.ParseAddr(asked.Get("after"))
	if err == nil && after.Zone() == "" {
		v.After = after.String()
	} else {
		after = netip.Addr{}
	}
	f, err := p.search.find(r.Context(), v.Query, after)
	if err != nil {
		v.Failed, v.Note = true, "The search was given up."
		return v
	}
	now := p.opts.Now()
	for i := range f.Leases {
		v.Rows = append(v.Rows, rowOf(&f.Leases[i], now))
	}
	if f.Next.IsValid() {
		v.Next = "?" + url.Values{"q": {v.Query}, "after": {f.Next.String()}}.Encode() + "#leases"
		if len(f.Leases) < pageSize {
			v.Note = fmt.Sprintf("%s leases were looked at; there are more.", count(f.Looked))
		}
	}
	return v
}

// shown drops what cannot be seen.
func shown(r rune) rune {
	if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
		return -1
	}
	return r
}

// maxShownID is how many bytes of an identifier are shown.
const maxShownID = 16

func rowOf(l *lease.Lease, now time.Time) row {
	r := row{
		Addr: l.Addr.String(), Name: plain(strings.TrimSuffix(l.Hostname, ".")), HWAddr: colons(l.HWAddr), ID: colons(l.ClientID),
		State: l.State.String(), Level: fine, Subnet: l.SubnetID,
	}
	if len(l.ClientID) > 1 && bytes.Equal(l.ClientID[1:], l.HWAddr) {
		r.ID, r.SameID = "", true
	}
	if len(l.ClientID) > maxShownID {
		r.ID, r.FullID = colons(l.ClientID[:maxShownID])+"…", colons(l.ClientID)
	}
	if l.Type == lease.PD {
		r.Addr = fmt.Sprintf("%s/%d", l.Addr, l.PrefixLen)
	}
	switch at := l.Expires(); {
	case at.IsZero():
		r.Expires = "never"
	case l.Expired(now):
		r.Expires, r.At = "expired "+span(now.Sub(at))+" ago", at.Format(time.RFC3339)
	default:
		r.Expires, r.At = "in "+span(at.Sub(now)), at.Format(time.RFC3339)
	}
	switch {
	case l.State == lease.Declined:
		r.Level = wary
	case l.State != lease.Assigned && l.State != lease.Registered || l.Expired(now):
		r.Level = moving
	}
	return r
}

// colons writes bytes as operators do.
func colons(b []byte) string {
	var s strings.Builder
	for i := range b {
		if i > 0 {
			s.WriteByte(':')
		}
		s.WriteString(hex.EncodeToString(b[i : i+1]))
	}
	return s.String()
}
