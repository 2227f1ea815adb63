package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes the pages of man(1), one per command, for those who package OPAL.
func manCommand(Streams) *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write a page for man(1) of each command into a folder", Hidden: true, Args: cobra.ExactArgs(1),
		Example: "  opal man share/man/man1\n  opal man pages && man pages/opal-jobs-create.1",
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("make the folder of the pages: %w", err)
			}
			root := c.Root()
			root.DisableAutoGenTag = true // the same commands give the same pages
			return manPages(root, args[0])
		},
	}
}

// manPages writes the pages of a command and of those below it. Cobra's own walk leaves
// the help command out.
func manPages(c *cobra.Command, dir string) error {
	for _, below := range c.Commands() {
		if below.Hidden || below.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := manPages(below, dir); err != nil {
			return err
		}
	}
	if c.Long == "" {
		c.Long = c.Short
	}
	c.Long += "\n\n# EXIT STATUS\n" + exitCodesMarkdown()
	path := filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write a page: %w", err)
	}
	err = doc.GenMan(c, &doc.GenManHeader{Section: "1", Source: "OPAL " + version(), Manual: "OPAL"}, f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// exitCodesMarkdown returns the exit codes as paragraphs.
func exitCodesMarkdown() string {
	var b strings.Builder
	for line := range strings.Lines(exitCodesHelp) {
		code, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		fmt.Fprintf(&b, "**%s** %s\n\n", code, strings.TrimSpace(text))
	}
	return b.String()
}
