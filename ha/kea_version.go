package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// keaVersion is a version of Kea: 2.7.5 is {2, 7, 5}. The zero keaVersion is
// not known: anything may be older.
type keaVersion [3]int

// The versions that first knew something.
var (
	keaReleased   = keaVersion{2, 7, 0} // the state released, in updates
	keaRegistered = keaVersion{2, 7, 7} // the state registered
)

func (v keaVersion) compare(w keaVersion) int { return slices.Compare(v[:], w[:]) }

// parseKeaVersion reads a version such as 2.7.5 or 2.7.5-git.
func parseKeaVersion(text string) (v keaVersion, ok bool) {
	n, _ := fmt.Sscanf(text, "%d.%d.%d", &v[0], &v[1], &v[2])
	return v, n == len(v)
}

// keaVersionOnce learns the version of a Kea when it is first asked for.
type keaVersionOnce struct {
	once    sync.Once
	version keaVersion
}

func (o *keaVersionOnce) atLeast(ctx context.Context, p *peer, v keaVersion) bool {
	o.once.Do(func() { o.version = learnKeaVersion(ctx, p) })
	return o.version.compare(v) >= 0
}

// learnKeaVersion asks a Kea what it is. A listener with restrict-commands,
// the default since 3.0, does not say it: then the version is at least the
// first that has what can be seen of this one.
//
//   - 3.1.5 brought commands such as lease6-get-by-state (list-commands);
//   - 2.7.2 brought clock-skew (status-get).
//
// Both commands are let through. A version that has neither is taken for an old
// one, though it may be 2.7.0 or 2.7.1.
func learnKeaVersion(ctx context.Context, p *peer) keaVersion {
	if reply, err := p.call(ctx, "version-get", nil); err == nil {
		if v, ok := parseKeaVersion(reply.Text); ok {
			return v
		}
	}
	var v keaVersion
	if reply, err := p.call(ctx, "list-commands", nil); err == nil {
		var names []string
		if json.Unmarshal(reply.Arguments, &names) == nil &&
			(slices.Contains(names, "lease4-get-by-state") || slices.Contains(names, "lease6-get-by-state")) {
			v = keaVersion{3, 1, 5}
		}
	}
	if reply, err := p.call(ctx, "status-get", nil); err == nil && hasClockSkew(reply.Arguments) {
		v = slices.MaxFunc([]keaVersion{v, {2, 7, 2}}, keaVersion.compare)
	}
	return v
}

// hasClockSkew looks for the member in the answer to status-get.
func hasClockSkew(args json.RawMessage) bool {
	var status struct {
		HA []struct {
			Servers struct {
				Remote map[string]json.RawMessage `json:"remote"`
			} `json:"ha-servers"`
		} `json:"high-availability"`
	}
	if json.Unmarshal(args, &status) != nil {
		return false
	}
	for _, ha := range status.HA {
		if _, ok := ha.Servers.Remote["clock-skew"]; ok {
			return true
		}
	}
	return false
}
