package app

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// lifetime is a flag's duration that may be said in days, such as 90d.
type lifetime time.Duration

// Set reads 90d or what time.ParseDuration reads; it is above zero.
func (l *lifetime) Set(text string) error {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return fmt.Errorf("a time is a number of days or hours, such as 90d or 12h")
	}
	*l = lifetime(d)
	return nil
}

// String shows the value; "" for none, which help doesn't print.
func (l *lifetime) String() string {
	if *l == 0 {
		return ""
	}
	return time.Duration(*l).String()
}

// Type names the value in help.
func (*lifetime) Type() string { return "time" }
