package ctrl

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// HandleService makes mux run dhcp-disable and dhcp-enable.
func HandleService(mux *Mux, family Family, s *Service) {
	mux.Handle("dhcp-disable", func(_ context.Context, raw json.RawMessage) Response {
		args, origin, err := parseOrigin("dhcp-disable", raw)
		if err != nil {
			return failure(err)
		}
		text := fmt.Sprintf("DHCPv%d service disabled", family)
		seconds := int64(0)
		if raw, ok := args["max-period"]; ok {
			if seconds, ok = integer(raw); !ok {
				return Errorf("'max-period' argument must be a number")
			}
			if seconds <= 0 {
				return Errorf("'max-period' must be positive integer")
			}
			text += fmt.Sprintf(" for %d seconds", seconds)
		}
		s.Disable(origin, time.Duration(min(seconds, math.MaxInt64/int64(time.Second)))*time.Second)
		return Response{Text: text}
	})
	mux.Handle("dhcp-enable", func(_ context.Context, raw json.RawMessage) Response {
		_, origin, err := parseOrigin("dhcp-enable", raw)
		if err != nil {
			return failure(err)
		}
		s.Enable(origin)
		return Response{Text: "DHCP service successfully enabled"}
	})
}

// parseOrigin finds out whose switch a command means. Older servers name it,
// newer ones number it, the newest do both.
func parseOrigin(command string, raw json.RawMessage) (arguments, Origin, error) {
	if raw == nil {
		return nil, OriginUser, nil
	}
	args, ok := parseArguments(raw)
	if !ok {
		return nil, 0, failf("arguments for the '%s' command must be a map", command)
	}
	if raw, ok := args["origin-id"]; ok {
		n, ok := integer(raw)
		if !ok {
			return nil, 0, failf("'origin-id' argument must be a number")
		}
		origin, err := originNumber("origin-id", n)
		return args, origin, err
	}
	raw, ok = args["origin"]
	if !ok {
		return args, OriginUser, nil
	}
	if n, ok := integer(raw); ok {
		origin, err := originNumber("origin", n)
		return args, origin, err
	}
	switch name, ok := keatext.Unquote(raw); {
	case !ok:
		return nil, 0, failf("'origin' argument must be a string")
	case name == "user":
		return args, OriginUser, nil
	case name == "ha-partner":
		return args, OriginPartner, nil
	case name == "":
		return nil, 0, failf("invalid value used for 'origin' parameter: (empty string)")
	default:
		return nil, 0, failf("invalid value used for 'origin' parameter: %s", name)
	}
}

func originNumber(name string, n int64) (Origin, error) {
	if n < 0 || n >= int64(originEnd) || !Origin(n).valid() {
		return 0, failf("invalid value used for '%s' parameter: %d", name, n)
	}
	return Origin(n), nil
}
