package scene

// colourWords are matched longest first, so "sage green" wins over "green".
var colourWords = map[string]uint32{
	"sage green": 0xa3b18a, "sage": 0xa3b18a, "mint": 0xb5e0cb, "olive": 0x7a7a3a, "forest green": 0x2f5d3a,
	"emerald": 0x1f7a5a, "green": 0x5a9a5f, "terracotta": 0xc66b4a, "rust": 0xa8522f, "coral": 0xf08a75,
	"peach": 0xf6c3a5, "apricot": 0xf2b27e, "orange": 0xe88a3a, "dusty pink": 0xd9a7a7, "blush": 0xf0cfca,
	"rose": 0xd88c9a, "pink": 0xeaa5bd, "magenta": 0xb8437f, "red": 0xb83a3a, "burgundy": 0x6d2236,
	"lavender": 0xc3b6dc, "lilac": 0xcdb5d8, "purple": 0x7a5aa0, "plum": 0x5e3358, "navy": 0x25345c,
	"powder blue": 0xbcd3e2, "sky blue": 0x9cc9e8, "dusty blue": 0x8fa8bf, "teal": 0x2f7f80, "turquoise": 0x5cc0bd,
	"blue": 0x4d7fbf, "mustard": 0xd1a038, "yellow": 0xf0cc55, "butter": 0xf5e2a5, "gold": 0xc79a45, "brass": 0xb5954f, "bronze": 0x8c6a43, "copper": 0xb8734a,
	"sand": 0xd9c5a3, "beige": 0xddceb8, "cream": 0xf3ead8, "ivory": 0xf5f0e3, "taupe": 0x9c8b7c,
	"brown": 0x7a5640, "chocolate": 0x4f3428, "camel": 0xb98f5f, "charcoal": 0x3a3c40, "black": 0x1c1c1f,
	"grey": 0x9a9ca0, "gray": 0x9a9ca0, "silver": 0xc4c7cb, "slate": 0x5f6b78, "white": 0xf6f6f4,
}

var materialWords = map[string]material{
	"white marble": marbleWhite, "black marble": marbleBlack, "dark marble": marbleBlack, "marble": marbleWhite,
	"dark wood": woodWalnut, "walnut": woodWalnut, "light wood": woodOak, "oak": woodOak, "birch": woodOak,
	"wooden": woodWarm, "wood": woodWarm, "concrete": concrete, "cement": concrete, "plaster": concrete,
	"linen": linen, "fabric": linen, "cloth": linen, "stone": stone, "slate stone": stone, "granite": stone,
	"weathered wood": woodWeathered, "driftwood": woodWeathered, "paper": paper,
}

var lightWords = map[string]lightKind{
	"soft": lightSoft, "diffuse": lightSoft, "diffused": lightSoft, "softbox": lightSoft, "overcast": lightSoft,
	"hard": lightHard, "harsh": lightHard, "direct sun": lightHard, "sunny": lightHard, "sunlight": lightHard,
	"golden hour": lightGolden, "golden": lightGolden, "sunset": lightGolden, "warm light": lightGolden, "warm": lightGolden,
	"backlit": lightBack, "back lit": lightBack, "back light": lightBack, "rim light": lightBack, "backlight": lightBack,
}

var moodWords = map[string]mood{
	"dark": moodDark, "moody": moodDark, "dramatic": moodDark, "low key": moodDark, "night": moodDark,
	"airy": moodAiry, "bright": moodAiry, "high key": moodAiry, "fresh": moodAiry, "clean": moodAiry,
}

var goboWords = map[string]goboKind{
	"window": goboWindow, "window light": goboWindow, "blinds": goboWindow,
	"leaf": goboLeaf, "leaves": goboLeaf, "palm": goboLeaf, "dappled": goboLeaf, "botanical": goboLeaf,
}

// setWords tell a set from free text.
var setWords = map[string]string{
	"studio": "studio", "seamless": "studio", "sweep": "studio", "ecommerce": "studio", "catalog": "studio", "catalogue": "studio",
	"lifestyle": "lifestyle", "living": "lifestyle", "home": "lifestyle", "cozy": "lifestyle", "cosy": "lifestyle", "bedroom": "lifestyle", "cafe": "lifestyle",
	"outdoor": "outdoor", "outdoors": "outdoor", "garden": "outdoor", "terrace": "outdoor", "patio": "outdoor", "park": "outdoor", "beach": "outdoor", "street": "outdoor", "summer": "outdoor",
	"minimal": "minimal", "minimalist": "minimal", "podium": "minimal", "pedestal": "minimal", "plinth": "minimal", "geometric": "minimal", "pastel": "minimal", "abstract": "minimal",
	"luxury": "luxury", "luxurious": "luxury", "premium": "luxury", "elegant": "luxury", "velvet": "luxury", "jewelry": "luxury", "jewellery": "luxury",
	"kitchen": "kitchen", "countertop": "kitchen", "cooking": "kitchen", "breakfast": "kitchen",
	"office": "office", "desk": "office", "workplace": "office", "workspace": "office", "business": "office",
	"nature": "nature", "natural": "nature", "forest": "nature", "woodland": "nature", "woods": "nature", "moss": "nature", "mossy": "nature", "jungle": "nature",
}

var sideWords = map[string]Light{
	"from the left": LightLeft, "from left": LightLeft, "left light": LightLeft,
	"from the right": LightRight, "from right": LightRight, "right light": LightRight,
}

var flatWords = map[string]bool{
	"flat lay": true, "flatlay": true, "folded": true, "top down": true, "from above": true, "overhead": true,
	"t shirt": true, "tshirt": true, "tee": true, "hoodie": true, "poster": true, "sticker": true, "jersey": true,
	"shirt": true, "polo": true, "sweater": true, "sweatshirt": true, "towel": true, "blanket": true, "rug": true,
}
