package app

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/opal-photo/opal/modules/batch"
)

// jobsFlag is --jobs: how many pictures are worked on at the same time, 1 to batch.MaxJobs.
type jobsFlag int

// addJobs adds --jobs, whose default is batch.DefaultJobs.
func addJobs(f *pflag.FlagSet, n *int, usage string) {
	*n = batch.DefaultJobs()
	f.VarP((*jobsFlag)(n), "jobs", "j", usage)
}

func (j *jobsFlag) String() string { return strconv.Itoa(int(*j)) }
func (j *jobsFlag) Type() string   { return "int" }

// Set reads the flag. A 0 is a slip and not a wish for the default.
func (j *jobsFlag) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > batch.MaxJobs {
		return fmt.Errorf("it must be 1 to %d", batch.MaxJobs)
	}
	*j = jobsFlag(n)
	return nil
}
