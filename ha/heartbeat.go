package ha

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

// extensionChanges is what a server of this kind lists among the extensions in
// its answer to ha-heartbeat: it takes messages of lease changes.
const extensionChanges = "changes-2"

// heartbeatText is Kea's.
const heartbeatText = "HA peer status returned."

// account is what a server says of itself in the answer to ha-heartbeat.
// What follows the report is said, and understood, by this kind only; Kea
// passes over it.
type account struct {
	report
	now      time.Time       // its clock, more finely than Report.Time; zero: it did not tell
	position *lease.Position // of its store
	digest   string          // of its configuration

	at time.Time // when it was heard
}

// wireAccount is an account as it is written.
type wireAccount struct {
	DateTime string   `json:"date-time"`
	Scopes   []string `json:"scopes"`
	State    string   `json:"state"`
	Unsent   uint64   `json:"unsent-update-count"`

	Extensions  []string      `json:"extensions,omitempty"`
	Now         int64         `json:"now"` // Unix ms
	Position    *wirePosition `json:"position,omitempty"`
	StoreFailed bool          `json:"store-failed,omitempty"`
	Digest      string        `json:"config-digest,omitempty"`
}

// wirePosition is a lease.Position as it is written: an epoch may have more
// bits than the integers of JSON.
type wirePosition struct {
	Epoch    string `json:"epoch"`
	Revision uint64 `json:"revision"`
}

func toWire(p lease.Position) wirePosition {
	return wirePosition{Epoch: strconv.FormatUint(p.Epoch, 16), Revision: p.Revision}
}

// response returns the answer to ha-heartbeat.
func (a *account) response() ctrl.Response {
	w := wireAccount{
		DateTime:    a.now.UTC().Format(http.TimeFormat),
		Scopes:      append([]string{}, a.Scopes...), // not null
		State:       a.State.String(),
		Unsent:      a.Unsent,
		Now:         a.now.UnixMilli(),
		StoreFailed: a.StoreFailed,
		Digest:      a.digest,
	}
	if a.Ours {
		w.Extensions = []string{extensionChanges}
	}
	if a.position != nil {
		w.Position = new(toWire(*a.position))
	}
	return ctrl.Response{Text: heartbeatText, Arguments: w}
}

// parseHeartbeat reads the arguments of an answer to ha-heartbeat. What Kea
// demands of them is demanded here; what only this kind says is passed over
// where it is not as expected, rather than that two servers lose each other.
func parseHeartbeat(raw json.RawMessage) (*account, error) {
	var args map[string]json.RawMessage
	if err := json.Unmarshal(raw, &args); err != nil || args == nil {
		return nil, errors.New("ha-heartbeat: no arguments in the answer")
	}
	a := &account{}
	name, ok := keatext.Unquote(args["state"])
	if !ok {
		return nil, errors.New("ha-heartbeat: no state in the answer")
	}
	if a.State, ok = ParseState(name); !ok {
		return nil, fmt.Errorf("ha-heartbeat: unknown state %q in the answer", name)
	}
	date, ok := keatext.Unquote(args["date-time"])
	if !ok {
		return nil, errors.New("ha-heartbeat: no date-time in the answer")
	}
	var err error
	if a.Time, err = time.Parse(http.TimeFormat, date); err != nil {
		return nil, fmt.Errorf("ha-heartbeat: date-time in the answer: %w", err)
	}
	if raw, ok := args["unsent-update-count"]; ok {
		// Kea's integers are signed, its counter is not.
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return nil, errors.New("ha-heartbeat: unsent-update-count in the answer is no integer")
		}
		a.Unsent, a.HasUnsent = uint64(n), true
	}
	a.Scopes = parseNames(args["scopes"])
	if slices.Contains(parseNames(args["extensions"]), extensionChanges) {
		a.parseExtension(args)
	}
	return a, nil
}

func (a *account) parseExtension(args map[string]json.RawMessage) {
	a.Ours = true
	if ms, err := strconv.ParseInt(string(args["now"]), 10, 64); err == nil {
		a.now = time.UnixMilli(ms)
	}
	a.position = parsePosition(args["position"])
	a.StoreFailed = string(args["store-failed"]) == "true"
	a.digest, _ = keatext.Unquote(args["config-digest"])
}

// parseNames returns the strings of a list, without empty ones. Kea, too, does
// not mind if it is something else.
func parseNames(raw json.RawMessage) []string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var names []string
	for _, raw := range list {
		if name, ok := keatext.Unquote(raw); ok && name != "" {
			names = append(names, name)
		}
	}
	return names
}

func parsePosition(raw json.RawMessage) *lease.Position {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	text, _ := keatext.Unquote(members["epoch"])
	epoch, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return nil
	}
	revision, err := strconv.ParseUint(string(members["revision"]), 10, 64)
	if err != nil {
		return nil
	}
	return &lease.Position{Epoch: epoch, Revision: revision}
}
