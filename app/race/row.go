package main

import (
	"context"

	"github.com/opal-photo/opal/modules/imaging"
)

// row is one piece of work that OPAL and a peer do.
type row struct {
	name, work, peer string
	reach            float64 // OPAL's CPU time divided by the peer's, at most
	ours, theirs     contender
	bound            string // the share of the work that keeps a row beyond its reach, as profiles showed it
	// quality compares the results of the last turn; "" where there is nothing to say.
	quality func(*track) (string, error)
}

// contender prepares one turn.
type contender func(context.Context, *track) (command, error)

// command is a process that is run: its arguments with the program first.
type command struct {
	args, env []string
	dir       string
}

const (
	jpegBound  = "the kernel takes 42 %, most of it for memory's first use: the decoder is a process of its own, and its pixels are copied"
	checkBound = "the kernel takes a third, as above, and each file is decoded again to check it"
)

var rows = []row{
	{
		name: "jpeg-shared", work: "12 MP JPEG to 5 JPEG", peer: "sharp, one decode", reach: 1,
		ours: variants(large, imaging.JPEG), theirs: sharpVariants(large, imaging.JPEG, "shared"), quality: fileSizes(large), bound: jpegBound,
	},
	{
		name: "jpeg-each", work: "12 MP JPEG to 5 JPEG", peer: "sharp, a decode for each", reach: .6,
		ours: variants(large, imaging.JPEG), theirs: sharpVariants(large, imaging.JPEG, "each"), quality: fileSizes(large), bound: jpegBound,
	},
	{
		name: "webp", work: "2 MP JPEG to 5 WebP", peer: "sharp, one decode", reach: 1,
		ours: variants(medium, imaging.WebP), theirs: sharpVariants(medium, imaging.WebP, "shared"), quality: fileSizes(medium), bound: checkBound,
	},
	{
		name: "avif", work: "2 MP JPEG to 5 AVIF", peer: "sharp, one decode", reach: 1,
		ours: variants(medium, imaging.AVIF), theirs: sharpVariants(medium, imaging.AVIF, "shared"), quality: fileSizes(medium), bound: checkBound,
	},
	{
		name: "png", work: "RGBA 2048² to 5 PNG", peer: "sharp, one decode", reach: 1,
		ours: variants(clear, imaging.PNG), theirs: sharpVariants(clear, imaging.PNG, "shared"), quality: fileSizes(clear),
		bound: "the kernel takes 28 %, as above, and each file is decoded again and its product compared",
	},
	{
		name: "composite", work: "a product and its shadow on 2048²", peer: "sharp", reach: .5,
		ours: own("composite", clear), theirs: node("composite", clear),
	},
	{
		name: "upscale", work: "1024² to 2048²", peer: "sharp, Lanczos 3 (OPAL's adds back-projection)", reach: 1.5,
		ours: own("upscale", small), theirs: node("upscale", small),
	},
	{
		name: "cutout", work: "cut-out of 12 MP, classical engine", peer: "OpenCV's GrabCut at 800 px, seeded by a flood", reach: 1,
		ours: studioCutouts, theirs: grabCutouts, quality: overlap,
	},
}
