"""How many images the official archives hold, known before they are there."""

# Images of each class by folder. isic_2019: the challenge's training set, 25,331 images, as Wang et al.,
# SSD-KD, MedIA 2023, count them, too. kaggle_nine: the folders Train and Test of "Skin cancer ISIC The
# International Skin Imaging Collaboration", 2,239 and 118 images.
OFFICIAL = {
    "isic_2019": {
        "": {
            **{"MEL": 4522, "NV": 12875, "BCC": 3323, "AK": 867, "BKL": 2624},
            **{"DF": 239, "VASC": 253, "SCC": 628},
        }
    },
    "kaggle_nine": {
        "train": {
            **{"AK": 114, "BCC": 376, "DF": 95, "MEL": 438, "NV": 357, "PBK": 462},
            **{"SCC": 181, "SK": 77, "VASC": 139},
        },
        "test": {
            **{"AK": 16, "BCC": 16, "DF": 16, "MEL": 16, "NV": 16, "PBK": 16},
            **{"SCC": 16, "SK": 3, "VASC": 3},
        },
    },
}
